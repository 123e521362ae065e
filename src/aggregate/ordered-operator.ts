import { PageUse } from '../heap/page-allocator.js';
import { firstStage } from '../plan/plan.js';
import type { HashedTable, Keys } from '../state/hashed-table.js';
import type { Region } from '../state/region.js';
import { KEY_CELL_BYTES, NODE_FIELD_BYTES, StoreWord } from '../state/session-layout.js';
import { SessionStore, type SessionTimes } from '../state/session-store.js';
import { noteDictionary } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { writeTemplate } from './cell-accumulator.js';
import type { GroupInput } from './group-input.js';
import { hashedKeys } from './keys.js';
import { sessionTimes, type KeyedWindow } from './keyed-window.js';
import { Masks } from './masks.js';
import { primitivesOf, type Primitive } from './primitives.js';
import { TurnOperator, type Chunk } from './turn-operator.js';
import { widened } from './widen.js';

interface MaskedChunk extends Chunk {
  readonly masks: Masks;
}
/** Rows of one region: which elements, and the nodes that they go to. */
interface Rows {
  readonly rows: number;
  readonly positions: number;
  readonly slots: number;
}

/** Adds rows to windows that each key makes for itself. Which one a row belongs to depends on the rows of its key before it. */
export class OrderedOperator extends TurnOperator<MaskedChunk> {
  /** One per state of a node. */
  private readonly states: readonly Primitive[];
  private readonly times: SessionTimes;
  private readonly template: number;
  private readonly keyTemplate: number;

  constructor(
    thread: ThreadContext,
    job: JobLayout,
    private readonly aggregate: AggregateLayout,
    worker: number,
    private readonly window: KeyedWindow,
  ) {
    super(thread, job, worker);
    const { heap, pages } = thread;
    this.states = primitivesOf(thread, aggregate.compiled.states);
    this.times = sessionTimes(firstStage(job.plan).aggregate!, job.stage);
    this.template = pages.allocate(aggregate.compiled.cellBytes + KEY_CELL_BYTES, PageUse.scratch);
    writeTemplate(thread, this.states, aggregate, this.template);
    this.keyTemplate = this.template + aggregate.compiled.cellBytes;
    heap.u8.fill(0, this.keyTemplate, this.keyTemplate + KEY_CELL_BYTES);
  }

  protected prepare(input: GroupInput): MaskedChunk {
    const masks = new Masks(this.thread, input, this.aggregate.compiled.states);
    const wide = widened(this.thread, this.aggregate, input);
    const keys = this.keysOf(wide);
    const { sorted, starts, counts } = this.partition(wide, keys);
    return { input: wide, keys, sorted, starts, counts, masks };
  }

  private keysOf(input: GroupInput): Keys {
    const { heap, kernels, scratch } = this.thread;
    const { keyMode, compiled } = this.aggregate;
    if (keyMode !== 'none') return hashedKeys(heap, kernels, keyMode, input.vectors.slice(0, compiled.keyCount), input.elements, this.job.hashSeed, scratch);
    // Without keys all rows are of the null key.
    const [hashes, valid] = [scratch.take(input.elements * 4), scratch.take(input.elements)];
    heap.u8.fill(0, hashes, hashes + input.elements * 4);
    heap.u8.fill(0, valid, valid + input.elements);
    return { kind: 'words', data: hashes, valid, hashes };
  }

  protected apply(region: Region, { input, keys, masks }: MaskedChunk, positions: number, rows: number): void {
    const { heap, kernels, scratch } = this.thread;
    const { keyMode, compiled } = this.aggregate;
    const mark = scratch.mark();
    const store = SessionStore.of(heap, kernels, region, this.job.regionBits) ?? SessionStore.create(heap, kernels, region, this.job.regionBits, compiled.cellBytes, this.times);
    const { table } = store;
    if (keyMode === 'dense') noteDictionary(heap, table.address, input.vectors[0]!.dictionary);
    const slots = scratch.take(rows * 4);
    table.upsert(rows, positions, keys, slots, this.keyTemplate);
    const merges = scratch.take(rows * 8);
    const own = this.assign(store, table, input, { rows, positions, slots }, merges);
    const target = { rows: own.rows, positions: own.positions, slots: own.slots, times: input.times, selection: input.selection, firstRow: input.firstRow, basePosition: input.basePosition, vectors: input.vectors, arena: table.arena };
    compiled.states.forEach((state, index) => this.states[index]!.accumulate(target, state.offset, state.input < 0 ? null : input.vectors[state.input]!, masks.at(index)));
    // Only now: rows of this batch went to both.
    const pairs = { rows: store.get(StoreWord.second), into: merges, from: merges + rows * 4, arena: table.arena };
    if (pairs.rows > 0) compiled.states.forEach((state, index) => this.states[index]!.merge(pairs, state.offset));
    if (store.least < region.due) region.due = store.least;
    scratch.release(mark);
  }

  /** Finds the nodes of rows whose slots are the cells of their keys. Returns the rows that are not late. */
  private assign(store: SessionStore, table: HashedTable, input: GroupInput, given: Rows, merges: number): Rows {
    const { heap, kernels, scratch } = this.thread;
    const { window, template } = this;
    const { rows, positions, slots } = given;
    const late = scratch.take(rows * 4);
    store.set(StoreWord.first, 0);
    store.set(StoreWord.second, 0);
    for (let done = 0; ;) {
      done = window.kind === 'count'
        ? kernels.countSlots(store.address, done, rows, slots, BigInt(window.rows), template)
        : kernels.sessionSlots(store.address, done, rows, positions, slots, input.times, input.bounds, template, late, merges);
      if (done === rows) break;
      table.arena.add(this.aggregate.compiled.cellBytes + NODE_FIELD_BYTES);
    }
    const count = store.get(StoreWord.first);
    if (count === 0) return given;
    for (let item = 0; item < count; item++) {
      const element = heap.u32[(positions >>> 2) + heap.u32[(late >>> 2) + item]!]!;
      input.late!(element, heap.i64[(input.bounds >>> 3) + element]!);
    }
    return this.withoutLate(given);
  }

  /** Late rows have slot 0. */
  private withoutLate({ rows, positions, slots }: Rows): Rows {
    const { u32 } = this.thread.heap;
    const [keptPositions, keptSlots] = [this.thread.scratch.take(rows * 4), this.thread.scratch.take(rows * 4)];
    let kept = 0;
    for (let row = 0; row < rows; row++) {
      const slot = u32[(slots >>> 2) + row]!;
      if (slot === 0) continue;
      u32[(keptPositions >>> 2) + kept] = u32[(positions >>> 2) + row]!;
      u32[(keptSlots >>> 2) + kept++] = slot;
    }
    return { rows: kept, positions: keptPositions, slots: keptSlots };
  }
}
