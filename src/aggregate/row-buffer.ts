import type { Vector } from '../expression/vector.js';
import { PAGE_BYTES, Word, word } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import type { Keys } from '../state/hashed-table.js';
import type { Slice } from '../state/region.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CompiledAggregate } from './compile.js';
import { hashKeyWords } from './keys.js';
import type { StateMasks } from './cell-states.js';
import { takeWords } from './primitives.js';

/** Rows of one slice and one region, all of them elements of dense vectors. */
export interface RowPart {
  readonly rows: number;
  readonly keys: Keys;
  readonly vectors: readonly Vector[];
  readonly masks: StateMasks;
}

/** Rows of one slice, sorted by the region of their key. Addresses are of arrays over these rows; 0 where there is none. */
interface Piece {
  readonly slice: Slice;
  readonly dictionary: number;
  /** Of each region its first place here, and the place after its last. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly keys: number;
  readonly valid: number;
  /** One per input of the aggregate. */
  readonly inputs: readonly number[];
  /** One per state of a cell. */
  readonly masks: readonly number[];
}

/** A worker waits with no more than this, and all workers together with no more than this part of the heap. */
const MOST_BYTES = 16 << 20;
const HEAP_PART = 16;
/** Idle places between regions: their rows are written side by side, and would else often fall into the same sets of the cache. */
const PADDING = 24;

/**
 * Rows on their way to the regions: what is needed of them is copied, region by region, until there is a good deal for each. State that
 * is larger than the caches is slow to reach: the more rows come to a region at once, the less often it is brought in. This is the
 * partitioning of a radix join (Manegold, Boncz, Kersten 2002).
 */
export class RowBuffer {
  private readonly pieces: Piece[] = [];
  private readonly bytes: number;
  private readonly takesStates: boolean;
  private start = 0;
  private next = 0;

  constructor(
    private readonly thread: ThreadContext,
    private readonly aggregate: CompiledAggregate,
    private readonly job: JobLayout,
  ) {
    const heapBytes = thread.heap.u32[word(Word.pages)]! * PAGE_BYTES;
    this.bytes = Math.min(MOST_BYTES, Math.floor(heapBytes / HEAP_PART / job.workers));
    this.takesStates = takeWords(aggregate.states);
  }

  get isEmpty(): boolean {
    return this.pieces.length === 0;
  }

  /** Whether such rows can wait here: they are not too many, and refer to nothing that may go away meanwhile. */
  takes(rows: number, keys: Keys): boolean {
    return keys.kind === 'words' && this.takesStates && this.need(rows) <= this.bytes;
  }
  hasRoom(rows: number): boolean {
    return this.start === 0 || this.next + this.need(rows) <= this.start + this.bytes;
  }

  /** `positions`: elements that take part, or 0 for all. REQUIRES: it takes such rows and has room for them. */
  add(slice: Slice, dictionary: number, vectors: readonly Vector[], positions: number, rows: number, keys: Keys, masks: StateMasks): void {
    const { scratch } = this.thread;
    if (this.start === 0) this.next = this.start = this.thread.pages.allocate(this.bytes, PageUse.scratch);
    const mark = scratch.mark();
    const places = scratch.take(rows * 4);
    const spans = this.place(rows, positions, keys.hashes, places);
    // The same array may be the key and an input, or the mask of several states.
    const copies = new Map<number, number>();
    const copy = (data: number, width: 1 | 8): number => {
      if (data && !copies.has(data)) copies.set(data, this.copy(data, width, rows, positions, places));
      return data && copies.get(data)!;
    };
    const { states } = this.aggregate;
    const isRead = (input: number): boolean => states.some(state => state.input === input && state.primitive !== 'count');
    this.pieces.push({
      slice, dictionary, ...spans,
      keys: copy(keys.data, 8),
      valid: copy(keys.valid, 1),
      inputs: vectors.map((vector, input) => (isRead(input) ? copy(vector.data, 8) : 0)),
      masks: states.map((_state, index) => copy(masks.at(index), 1)),
    });
    scratch.release(mark);
  }

  /** How many rows a region has here. */
  rowsOf(region: number): number {
    return this.pieces.reduce((sum, { starts, ends }) => sum + ends[region]! - starts[region]!, 0);
  }

  /** Calls `visit` for the rows of a region, piece by piece. */
  eachPart(region: number, visit: (slice: Slice, dictionary: number, part: RowPart) => void): void {
    const { scratch } = this.thread;
    for (const piece of this.pieces) {
      if (piece.ends[region] === piece.starts[region]) continue;
      const mark = scratch.mark();
      visit(piece.slice, piece.dictionary, this.part(piece, region));
      scratch.release(mark);
    }
  }

  clear(): void {
    this.pieces.length = 0;
    this.next = this.start;
  }

  private part({ starts, ends, keys, valid, inputs, masks }: Piece, region: number): RowPart {
    const from = starts[region]!;
    const rows = ends[region]! - from;
    const { kernels, scratch } = this.thread;
    return {
      rows,
      keys: hashKeyWords(kernels, keys + from * 8, valid && valid + from, rows, this.job.hashSeed, scratch),
      vectors: inputs.map(data => ({ cls: 'i64', data: data && data + from * 8, valid: 0, dictionary: 0 })),
      masks: { at: state => masks[state]! && masks[state]! + from },
    };
  }

  /** Finds the place of each row among the rows sorted by region. Returns where the regions lie. */
  private place(rows: number, positions: number, hashes: number, places: number): Pick<Piece, 'starts' | 'ends'> {
    const { heap, kernels, scratch } = this.thread;
    const { regionBits } = this.job;
    const regions = 1 << regionBits;
    const counts = scratch.take(regions * 4);
    const words = heap.u32.subarray(counts >>> 2, (counts >>> 2) + regions);
    words.fill(0);
    kernels.countByHash(rows, positions, hashes, regionBits, counts);
    const starts = new Uint32Array(regions);
    for (let region = 1; region < regions; region++) starts[region] = starts[region - 1]! + words[region - 1]! + PADDING;
    words.set(starts);
    kernels.placeByHash(rows, positions, hashes, regionBits, counts, places);
    return { starts, ends: words.slice() };
  }

  private copy(data: number, width: 1 | 8, rows: number, positions: number, places: number): number {
    const { kernels, scratch } = this.thread;
    let from = data;
    if (positions) {
      from = scratch.take(rows * width);
      kernels[width === 8 ? 'gather64' : 'gather8'](rows, positions, data, from);
    }
    const to = this.next;
    this.next += this.roomOf(rows, width);
    kernels[width === 8 ? 'scatter64' : 'scatter8'](rows, places, from, width, to);
    return to;
  }

  /** At most: key, validity, inputs and masks. */
  private need(rows: number): number {
    const { inputs, states } = this.aggregate;
    return this.roomOf(rows, 8) * (inputs.length + 1) + this.roomOf(rows, 1) * (states.length + 1);
  }
  private roomOf(rows: number, width: number): number {
    return ((rows + (PADDING << this.job.regionBits)) * width + 63) & ~63;
  }
}
