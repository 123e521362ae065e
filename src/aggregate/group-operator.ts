import { DictionaryWord } from '../batch/layout.js';
import type { Vector } from '../expression/vector.js';
import { Word, word } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import type { Window } from '../plan/plan.js';
import type { Keys } from '../state/hashed-table.js';
import { HashedTable } from '../state/hashed-table.js';
import { noteDictionary } from '../state/table-layout.js';
import { REGION_BYTES, Region, type GroupTable } from '../state/region.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { hashedKeys, MOST_DENSE_CODES } from './keys.js';
import { primitivesOf, type Primitive } from './primitives.js';
import { Masks } from './masks.js';
import { GLOBAL_SLICE, groupBySlice } from './slices.js';

/** Rows that passed the stateless stage, as vectors of one chunk. */
export interface GroupInput {
  /** One per `CompiledAggregate.inputs`. */
  readonly vectors: readonly Vector[];
  readonly elements: number;
  /** The elements that take part (u32), or 0 for all; `rows` of them. */
  readonly positions: number;
  readonly rows: number;
  /** Event times of the elements (int64), or 0 where nothing needs them. */
  readonly times: number;
  /** The one slice that all rows belong to, or null where the times must tell. */
  readonly slice: bigint | null;
  readonly selection: number;
  readonly firstRow: number;
  readonly basePosition: bigint;
}

/** A local table larger than this no longer fits a core's cache: it stops paying to combine before the shuffle. */
const MOST_LOCAL_CELLS = 4096;
const PIECE_ROWS = 2048;

/**
 * Adds rows to window state. `local`: into this worker's own region, merged with the others' when the slice closes: no shuffle, and a
 * hot key costs nothing. `hash`: each key has one region, shared by all workers; a worker takes a region's lock for its rows of a
 * chunk and goes on to another region where the lock is held. `auto` starts local and goes over to hash, for good, once a slice has
 * more groups than a core's cache; what was combined locally until then is merged like any local state.
 */
export class GroupOperator {
  /** One per state of a cell. */
  private readonly accumulators: readonly Primitive[];
  private readonly hashRegions: readonly Region[];
  private readonly local: Region;
  private readonly template: number;
  private readonly window: Window;
  private shuffles: boolean;
  /** Cells of the local table added to last, and whether it still grew: then rows are added piece by piece, not to pass the limit by far. */
  private localCells = 0;
  private mayOvergrow = true;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    private readonly worker: number,
  ) {
    const { pages } = thread;
    this.accumulators = primitivesOf(thread, aggregate.compiled.states);
    this.hashRegions = hashRegionsOf(thread, job);
    this.local = localRegionsOf(thread, job)[worker]!;
    this.template = pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    writeTemplate(thread, this.accumulators, aggregate, this.template);
    this.window = job.plan.aggregate!.window;
    this.shuffles = job.partitioner === 'hash' && aggregate.keyMode !== 'none';
  }

  add(input: GroupInput): void {
    if (input.rows === 0) return;
    const masks = new Masks(this.thread, input, this.aggregate.compiled.states);
    const vectors = this.aggregate.compiled.inputs.map((_expression, index) => this.widen(input.vectors[index]!, index, input.elements));
    const wide = { ...input, vectors };
    const dense = this.isDense(wide);
    const keys = dense || this.aggregate.keyMode === 'none' ? null : this.hash(wide);
    if (wide.slice !== null) return this.addSlice(wide, wide.slice, wide.positions, wide.rows, keys, masks);
    groupBySlice(this.thread, this.window, wide, (start, positions, rows) => this.addSlice(wide, start, positions, rows, keys, masks));
  }

  /** Makes the one cell of a job without keys and windows, so that no rows give one result, as in SQL. */
  touchGlobal(): void {
    this.local.lock();
    const table = this.local.find(GLOBAL_SLICE) ?? this.local.createDense(GLOBAL_SLICE, this.aggregate.compiled.cellBytes);
    if (!(table instanceof HashedTable)) table.reserve(1, this.template);
    this.local.unlock();
  }

  private hash(input: GroupInput): Keys {
    const { heap, kernels, scratch } = this.thread;
    const columns = input.vectors.slice(0, this.aggregate.compiled.keyCount);
    return hashedKeys(heap, kernels, this.aggregate.keyMode, columns, input.elements, this.job.hashSeed, scratch);
  }

  private isDense(input: GroupInput): boolean {
    return this.aggregate.keyMode === 'dense' && this.dictionaryCount(input) <= MOST_DENSE_CODES && !this.shuffles;
  }
  private dictionaryCount(input: GroupInput): number {
    return this.thread.heap.u32[(input.vectors[0]!.dictionary >>> 2) + DictionaryWord.count]!;
  }

  private addSlice(input: GroupInput, slice: bigint, positions: number, rows: number, keys: Keys | null, masks: Masks): void {
    if (this.shuffles && keys) return this.shuffle(input, slice, positions, rows, keys, masks);
    for (let from = 0; from < rows; ) {
      const count = this.mayOvergrow && keys ? Math.min(PIECE_ROWS, rows - from) : rows - from;
      this.local.lock();
      const before = this.localCells;
      this.localCells = this.addTo(this.local, input, slice, this.pieceOf(positions, from, count, rows), count, keys, masks);
      this.local.unlock();
      this.mayOvergrow = this.localCells !== before;
      from += count;
      if (this.job.partitioner !== 'auto' || !keys || this.localCells <= MOST_LOCAL_CELLS) continue;
      this.shuffles = true;
      Atomics.store(this.thread.heap.i32, word(Word.switchedToHash), 1);
      if (from < rows) this.shuffle(input, slice, this.pieceOf(positions, from, rows - from, rows), rows - from, keys, masks);
      return;
    }
  }

  /** Positions of `count` rows from the `from`-th on. */
  private pieceOf(positions: number, from: number, count: number, rows: number): number {
    if (positions || count === rows) return positions && positions + from * 4;
    const piece = this.thread.scratch.take(count * 4);
    this.thread.kernels.iota(count, from, piece);
    return piece;
  }

  private shuffle(input: GroupInput, slice: bigint, positions: number, rows: number, keys: Keys, masks: Masks): void {
    const { heap, kernels, scratch } = this.thread;
    const regions = this.hashRegions.length;
    const ends = scratch.take(regions * 4);
    heap.u32.fill(0, ends >>> 2, (ends >>> 2) + regions);
    kernels.countByHash(rows, positions, keys.hashes, this.job.regionBits, ends);
    const counts = heap.u32.slice(ends >>> 2, (ends >>> 2) + regions);
    let start = 0;
    for (let region = 0; region < regions; region++) {
      heap.u32[(ends >>> 2) + region] = start;
      start += counts[region]!;
    }
    const shuffled = scratch.take(rows * 4);
    kernels.scatterByHash(rows, positions, keys.hashes, this.job.regionBits, ends, shuffled);
    const add = (region: number): void => {
      const first = heap.u32[(ends >>> 2) + region]! - counts[region]!;
      this.addTo(this.hashRegions[region]!, input, slice, shuffled + first * 4, counts[region]!, keys, masks);
      this.hashRegions[region]!.unlock();
    };
    // Each worker starts elsewhere, and goes on to another region where the lock is held; it sleeps only where all that is left is held.
    const first = Math.floor((this.worker * regions) / this.job.workers);
    let left = Array.from({ length: regions }, (_, turn) => (turn + first) % regions).filter(region => counts[region]! > 0);
    while (left.length > 0) {
      const held = left.filter(region => {
        if (!this.hashRegions[region]!.tryLock()) return true;
        add(region);
        return false;
      });
      if (held.length === left.length) {
        this.hashRegions[held[0]!]!.lock();
        add(held.shift()!);
      }
      left = held;
    }
  }

  /** REQUIRES: the region is held. Returns how many cells the slice's table has. */
  private addTo(region: Region, input: GroupInput, slice: bigint, positions: number, rows: number, keys: Keys | null, masks: Masks): number {
    const { scratch } = this.thread;
    const mark = scratch.mark();
    const slots = scratch.take(rows * 4);
    const table = this.tableOf(region, slice, keys, input);
    this.findSlots(table, input, positions, rows, keys, slots);
    const { states } = this.aggregate.compiled;
    const target = { rows, positions, slots, times: input.times, selection: input.selection, firstRow: input.firstRow, basePosition: input.basePosition, vectors: input.vectors, arena: table.arena };
    for (let index = 0; index < states.length; index++) {
      const state = states[index]!;
      this.accumulators[index]!.accumulate(target, state.offset, state.input < 0 ? null : input.vectors[state.input]!, masks.at(index));
    }
    scratch.release(mark);
    return table instanceof HashedTable ? table.cells : 0;
  }

  private tableOf(region: Region, slice: bigint, keys: Keys | null, input: GroupInput): GroupTable {
    const { cellBytes } = this.aggregate.compiled;
    const known = region.find(slice);
    const table = known ?? (keys === null ? region.createDense(slice, cellBytes) : region.createHashed(slice, cellBytes));
    if (this.aggregate.keyMode === 'dense') noteDictionary(this.thread.heap, table.address, input.vectors[0]!.dictionary);
    return table;
  }

  private findSlots(table: GroupTable, input: GroupInput, positions: number, rows: number, keys: Keys | null, slots: number): void {
    const { kernels } = this.thread;
    if (table instanceof HashedTable) return table.upsert(rows, positions, keys!, slots, this.template);
    if (this.aggregate.keyMode === 'none') {
      table.reserve(1, this.template);
      kernels.fillWords(rows, table.cellOf(0), slots);
      return;
    }
    const codes = input.vectors[0]!;
    table.reserve(this.dictionaryCount(input), this.template);
    table.slots(rows, positions, codes.data, codes.valid, slots);
  }

  /** Bools become words for every state but conditions, which are read as bytes. */
  private widen(vector: Vector, index: number, elements: number): Vector {
    const { compiled } = this.aggregate;
    if (vector.cls !== 'bool' || index < compiled.keyCount || !compiled.states.some(state => state.input === index || state.more.includes(index))) return vector;
    const data = this.thread.scratch.take(elements * 8);
    this.thread.kernels.widenBytes(elements, vector.data, data);
    return { ...vector, cls: 'i64', data };
  }
}

export const hashRegionsOf = (thread: ThreadContext, job: JobLayout): Region[] =>
  Array.from({ length: 1 << job.regionBits }, (_, region) => new Region(thread.heap, thread.kernels, thread.pages, job.regions + region * REGION_BYTES, job.regionBits));

export const localRegionsOf = (thread: ThreadContext, job: JobLayout): Region[] =>
  Array.from({ length: job.workers }, (_, worker) => new Region(thread.heap, thread.kernels, thread.pages, job.regions + ((1 << job.regionBits) + worker) * REGION_BYTES, job.regionBits));

export function writeTemplate(thread: ThreadContext, primitives: readonly Primitive[], { compiled }: AggregateLayout, address: number): void {
  thread.heap.u8.fill(0, address, address + compiled.cellBytes);
  compiled.states.forEach((state, index) => primitives[index]!.init(address + state.offset));
}
