import { materialise } from '../batch/materialise.js';
import { MillraceError } from '../errors.js';
import type { Vector } from '../expression/vector.js';
import type { Allocator } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import type { ThreadContext } from './thread-context.js';

interface Rows {
  readonly vectors: readonly Vector[];
  readonly rows: number;
}

/**
 * Results of a morsel's chunks, which wait in scratch for one another: as one batch they are one morsel of the next stage, which takes it through
 * its regions once. REQUIRES: what was added stays in scratch until `flush`.
 */
export class ChunkResults {
  private parts: Rows[] = [];

  constructor(
    private readonly thread: ThreadContext,
    private readonly allocator: Allocator,
    private readonly fields: Fields,
  ) {}

  add(vectors: readonly Vector[], rows: number): void {
    if (rows > 0) this.parts.push({ vectors, rows });
  }

  /** `give` takes descriptors of batches. */
  flush(give: (descriptor: number) => void): void {
    const { parts } = this;
    if (parts.length === 0) return;
    this.parts = [];
    const all = parts.length > 1 && areAlike(parts) ? this.inOne(parts) : null;
    if (all !== null) return give(all);
    for (const part of parts) give(this.batchOf(part));
  }

  /** null where one batch cannot have them all. */
  private inOne(parts: readonly Rows[]): number | null {
    try {
      return this.batchOf(this.joined(parts));
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'BATCH_TOO_LARGE') return null;
      throw error;
    }
  }
  private batchOf({ vectors, rows }: Rows): number {
    const { heap, kernels } = this.thread;
    return materialise(heap, kernels, this.allocator, this.fields, vectors, rows);
  }

  private joined(parts: readonly Rows[]): Rows {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    return { rows, vectors: parts[0]!.vectors.map((_, column) => this.column(parts, column, rows)) };
  }
  private column(parts: readonly Rows[], column: number, rows: number): Vector {
    const { heap, kernels, scratch } = this.thread;
    const { cls, dictionary } = parts[0]!.vectors[column]!;
    const width = cls === 'bool' ? 1 : cls === 'code' ? 4 : 8;
    const data = scratch.take(rows * width);
    const valid = parts.some(({ vectors }) => vectors[column]!.valid !== 0) ? scratch.take(rows) : 0;
    let at = 0;
    for (const part of parts) {
      const from = part.vectors[column]!;
      kernels.copyBytes(part.rows * width, from.data, data + at * width);
      if (from.valid) kernels.copyBytes(part.rows, from.valid, valid + at);
      else if (valid) heap.u8.fill(1, valid + at, valid + at + part.rows);
      at += part.rows;
    }
    return { cls, data, valid, dictionary };
  }
}

/** Whether vectors of all parts can be one: codes are of one dictionary. */
const areAlike = ([first, ...others]: readonly Rows[]): boolean =>
  others.every(({ vectors }) => vectors.every(({ cls, dictionary }, column) => cls === first!.vectors[column]!.cls && dictionary === first!.vectors[column]!.dictionary));
