/**
 * What a join keeps of one side in one region: a log of entries, oldest first. Kernels in native-free-kernels/wasm/join-*.ts know all of this.
 *
 * Entries lie in blocks of 8 << shift bytes. A *position* counts 8-byte units from the beginning of the log and goes round at 32 bits;
 * `base` is that of the oldest entry that is left, `end` that of the next one to come. The directory is a ring of records, one for each
 * 1 << shift positions. A larger entry has a block of several such parts, of which all but the first have a record with nothing but their address.
 *
 * A bucket has the *head* of a chain of each log that is looked up by the same keys: the position of its newest entry (u32). An entry's `link` is that of
 * the next older one. What lies before `base` is gone, and ends a chain: so nothing is ever unlinked, and forgetting costs as little as moving `base` on.
 * Behind the heads a bucket has a byte for each chain, its *filter*: an entry sets the bit that three bits of its hash name. So a key that no
 * entry has costs no look at any. The first entry of a chain, when all others are gone, clears the other bits.
 */
export const enum LogWord {
  /** Where the log's head of the first bucket lies, and how many buckets there are, less one. */
  heads, mask, base, end,
  /** Where the next entry goes, and where its block ends; 0 without a block. */
  next, stop,
  directory, directoryMask, shift, rows,
  /** Record of the block that takes entries, or 0. */
  block,
  /** `base` when chains were last made anew: nothing points before it. */
  relinked,
  /** It is worth looking for entries that are gone between others when the log is longer than this (units). */
  scanAt,
  /** Bytes: log2 of the bytes from one bucket to the next, how far behind its head a chain has its filter. */
  bucket,
  /** i64: the least time of an entry that is not done. */
  least = 14,
}
export const LOG_BYTES = 64;
/** [address, bytes used, bytes (0: part of the block before), entries, i64 least time of what is not done, i64 greatest time]. */
export const enum RecordWord { address, used, bytes, entries, least, greatest = 6 }
export const RECORD_BYTES = 32;
/** Bytes: the key or its 64-bit hash, the time that decides, u32 position of the next of the chain, u32 hash, u32 bytes, u32 flags. */
export const enum EntryField { key, time = 8, flags = 28 }
export const ENTRY_HEAD_BYTES = 32;

/** Bit k: a row of side k has matched it; of an entry that is not the left one's, bit 0: a left row has. */
export const matchedBy = (side: number): number => 1 << side;
/** It is listed in the work at hand. */
export const LISTED: number = 1 << 30;
/** A version that is not in force any more: it is left out where logs are copied or linked anew. */
export const REPLACED: number = 1 << 29;
/** The bits of sides lie below that of `REPLACED`; the top one says that an entry is done: all was given out that depended on its end. */
export const MOST_SIDES = 29;
/** No time at all: nothing is pending. */
export const NO_DUE: bigint = 2n ** 63n - 1n;
/** The logs of a join with a table that changes: left rows and versions that wait until no version before them can come, and those in force, one per key. */
export const enum VersionLog { left, waiting, current }
export const FIRST_TIME: bigint = -(2n ** 63n);
