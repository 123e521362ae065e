import type { Kernels } from '../../native-free-kernels/load.js';
import type { Heap, Scratch } from '../heap/heap.js';

/** Limits that tests make small. */
export interface LogLimits {
  /** A block has 1 << shift units of 8 bytes. */
  readonly shift: number;
  /** Chains are made anew before positions have gone on so far: what is older than half of the circle would look young. */
  readonly relinkAfter: number;
  readonly leastBuckets: number;
}
export const LOG_LIMITS: LogLimits = { shift: 12, relinkAfter: 2 ** 31, leastBuckets: 64 };

/** Memory for logs. */
export interface LogMemory {
  allocate(bytes: number): number;
  free(address: number, bytes: number): void;
}
/** What every log of a thread works with. */
export interface LogTools {
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  readonly limits: LogLimits;
}
/** Rows to come: candidates, and what they are found by, which goes by candidate. `sizes` (u32 per row), or 0 where all have `entryBytes`. */
export interface NewEntries {
  readonly rows: number;
  readonly candidates: number;
  readonly keys: number;
  readonly times: number;
  readonly hashes: number;
  readonly sizes: number;
  readonly entryBytes: number;
}
