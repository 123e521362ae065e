import { PageUse } from '../heap/page-allocator.js';
import { firstStage } from '../plan/plan.js';
import type { HashedTable, Keys } from '../state/hashed-table.js';
import type { Region } from '../state/region.js';
import { KEY_CELL_BYTES, NODE_FIELD_BYTES, StoreWord } from '../state/session-layout.js';
import { SessionStore, type SessionTimes } from '../state/session-store.js';
import { noteDictionary } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { CellStates } from './cell-states.js';
import type { GroupInput } from './group-input.js';
import { hashedKeys } from './keys.js';
import { sessionTimes, type KeyedWindow } from './keyed-window.js';
import { Masks } from './masks.js';
import { SessionRuns, type ChunkRuns } from './session-runs.js';
import { TurnOperator, type Chunk } from './turn-operator.js';
import { widened } from './widen.js';

interface MaskedChunk extends Chunk {
  readonly masks: Masks;
  /** What its rows were combined to: then it is the elements that begin a run which are sorted by region. */
  readonly runs: ChunkRuns | null;
}
/** Rows of one region: which elements, the nodes that they go to, and the runs they stand for (0: rows stand for themselves). */
interface Rows {
  readonly rows: number;
  readonly positions: number;
  readonly slots: number;
  readonly runs: number;
}

/** Adds rows to windows that each key makes for itself. Which one a row belongs to depends on the rows of its key before it. */
export class OrderedOperator extends TurnOperator<MaskedChunk> {
  private readonly states: CellStates;
  private readonly times: SessionTimes;
  private readonly template: number;
  private readonly keyTemplate: number;
  private readonly runs: SessionRuns | null;
  /** Runs of the region that is held which were undone. */
  private undone = 0;

  constructor(
    thread: ThreadContext,
    job: JobLayout,
    private readonly aggregate: AggregateLayout,
    worker: number,
    private readonly window: KeyedWindow,
  ) {
    super(thread, job, worker);
    const { heap, pages } = thread;
    this.states = new CellStates(thread, aggregate.compiled);
    this.times = sessionTimes(firstStage(job.plan).aggregate!, firstStage(job.plan).branches);
    this.template = pages.allocate(aggregate.compiled.cellBytes + KEY_CELL_BYTES, PageUse.scratch);
    this.states.init(this.template);
    this.keyTemplate = this.template + aggregate.compiled.cellBytes;
    heap.u8.fill(0, this.keyTemplate, this.keyTemplate + KEY_CELL_BYTES);
    this.runs = window.kind === 'session' ? new SessionRuns(thread, job, aggregate, this.states, this.times, this.template, this.keyTemplate) : null;
  }

  protected prepare(input: GroupInput): MaskedChunk {
    const masks = new Masks(this.thread, input, this.aggregate.compiled.states);
    const wide = widened(this.thread, this.aggregate, input);
    const keys = this.keysOf(wide);
    const runs = this.runs && this.runs.add(wide, keys, masks);
    const { sorted, starts, counts } = this.partition(runs ?? wide, keys);
    return { input: wide, keys, sorted, starts, counts, masks, runs };
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

  protected apply(region: Region, chunk: MaskedChunk, positions: number, rows: number): void {
    const { kernels, scratch } = this.thread;
    const mark = scratch.mark();
    const runs = chunk.runs ? scratch.take(rows * 4) : 0;
    if (chunk.runs) kernels.gather32(rows, positions, chunk.runs.ofElement, runs);
    this.put(region, chunk, positions, rows, runs);
    scratch.release(mark);
  }

  /** Rows of runs that were undone go one by one. Keys do not depend on each other, and none of a key's later runs has gone before them. */
  protected override exit(region: Region, chunks: readonly MaskedChunk[]): void {
    if (this.undone === 0) return;
    this.undone = 0;
    const { heap, scratch } = this.thread;
    const parts = chunks.flatMap(chunk => (chunk.runs ? [{ chunk, runs: chunk.runs, elements: this.runs!.takeUndone(chunk.input, chunk.runs) }] : []));
    for (const { chunk, runs, elements } of parts) {
      this.runs!.forget(elements, runs);
      const mark = scratch.mark();
      const positions = scratch.take(elements.length * 4);
      heap.u32.set(elements, positions >>> 2);
      if (elements.length > 0) this.put(region, chunk, positions, elements.length, 0);
      scratch.release(mark);
    }
  }

  protected override done(): void {
    this.runs?.clear();
  }

  private put(region: Region, { input, keys, masks }: MaskedChunk, positions: number, rows: number, runs: number): void {
    const { heap, kernels, scratch } = this.thread;
    const { keyMode, compiled } = this.aggregate;
    const store = SessionStore.of(heap, kernels, region, this.job.regionBits) ?? SessionStore.create(heap, kernels, region, this.job.regionBits, compiled.cellBytes, this.times);
    const { table } = store;
    if (keyMode === 'dense') noteDictionary(heap, table.address, input.vectors[0]!.dictionary);
    const slots = scratch.take(rows * 4);
    table.upsert(rows, positions, keys, slots, this.keyTemplate);
    const merges = scratch.take(rows * 8);
    const own = this.assign(store, table, input, { rows, positions, slots, runs }, merges);
    if (runs) this.states.merge(own.rows, own.slots, own.runs, table.arena);
    else this.states.accumulate(own, input, masks, table.arena);
    // Only now: rows of this batch went to both.
    this.states.merge(store.get(StoreWord.second), merges, merges + rows * 4, table.arena);
    if (store.least < region.due) region.due = store.least;
  }

  /** Finds the nodes of rows whose slots are the cells of their keys. Returns the rows that are not late. */
  private assign(store: SessionStore, table: HashedTable, input: GroupInput, given: Rows, merges: number): Rows {
    const { heap, kernels, scratch } = this.thread;
    const { window, template } = this;
    const { rows, positions, slots, runs } = given;
    const late = scratch.take(rows * 4);
    store.set(StoreWord.first, 0);
    store.set(StoreWord.second, 0);
    store.set(StoreWord.third, 0);
    for (let done = 0; ;) {
      done = window.kind === 'count'
        ? kernels.countSlots(store.address, done, rows, slots, BigInt(window.rows), template)
        : kernels.sessionSlots(store.address, done, rows, positions, slots, input.times, input.bounds, runs, template, late, merges);
      if (done === rows) break;
      table.arena.add(this.aggregate.compiled.cellBytes + NODE_FIELD_BYTES);
    }
    const [count, undone] = [store.get(StoreWord.first), store.get(StoreWord.third)];
    this.undone += undone;
    for (let item = 0; item < count; item++) {
      const element = heap.u32[(positions >>> 2) + heap.u32[(late >>> 2) + item]!]!;
      input.late!(element, heap.i64[(input.bounds >>> 3) + element]!);
    }
    return count + undone === 0 ? given : this.withoutSome(given);
  }

  /** Rows that are late, or whose runs were undone, have slot 0. */
  private withoutSome(given: Rows): Rows {
    const { heap: { u32 }, scratch } = this.thread;
    const { rows, slots } = given;
    const columns = [given.positions, given.slots, given.runs].filter(column => column !== 0);
    const kept = columns.map(() => scratch.take(rows * 4));
    let count = 0;
    for (let row = 0; row < rows; row++) {
      if (u32[(slots >>> 2) + row] === 0) continue;
      columns.forEach((column, index) => (u32[(kept[index]! >>> 2) + count] = u32[(column >>> 2) + row]!));
      count++;
    }
    return { rows: count, positions: kept[0]!, slots: kept[1]!, runs: given.runs && kept[2]! };
  }
}
