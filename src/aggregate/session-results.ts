import type { Vector } from '../expression/vector.js';
import { fireWord, firstVersion } from '../heap/stage-block.js';
import { changelogOf, firstStage, resultFields, type Aggregate } from '../plan/plan.js';
import { GONE_BYTES, GoneField, NodeField, NodeFlag } from '../state/session-layout.js';
import type { HashedTable } from '../state/hashed-table.js';
import { longerDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { finishAggregate } from './finish.js';
import { splitKeys } from './keys.js';
import type { EmitResults } from './result-buffer.js';
import { vectorClassOf } from './words.js';

const EMIT_ROWS = 65_536;

/** Result rows to come: addresses of what begins with a key, and which of them are of the null key. */
class Pending {
  addresses: number[] = [];
  nullRows: number[] = [];

  add(address: number, isNull: boolean): void {
    if (isNull) this.nullRows.push(this.addresses.length);
    this.addresses.push(address);
  }
  get rows(): number {
    return this.addresses.length;
  }
  clear(): void {
    this.addresses = [];
    this.nullRows = [];
  }
}

/** Gathers windows that keys made for themselves into result batches of a good size. */
export class SessionResults {
  private readonly windows = new Pending();
  private readonly gone = new Pending();
  private readonly block: number;
  private readonly spec: Aggregate;
  private readonly updating: boolean;
  private dictionary = 0;

  constructor(
    private readonly thread: ThreadContext,
    job: JobLayout,
    private readonly aggregate: AggregateLayout,
    private readonly emit: EmitResults,
  ) {
    this.block = job.block;
    this.spec = firstStage(job.plan).aggregate!;
    this.updating = changelogOf(this.spec) === 'updating';
  }

  /** Adds nodes (u32 addresses, `rows` of them) and records of what is gone. REQUIRES: the region is held; what is given out stays until `flush`. */
  append(table: HashedTable, nodes: number, rows: number, gone: number, goneRows: number): void {
    const { u32 } = this.thread.heap;
    if (this.aggregate.keyMode === 'dense') this.dictionary = longerDictionary(this.thread.heap, this.dictionary, u32[(table.address >>> 2) + TableWord.dictionary]!);
    const flagsAt = (this.stateBytes + NodeField.flags) >>> 2;
    for (let row = 0; row < goneRows; row++) {
      const record = gone + row * GONE_BYTES;
      this.gone.add(record, (u32[(record + GoneField.flags) >>> 2]! & NodeFlag.nullKey) !== 0);
    }
    for (let row = 0; row < rows; row++) {
      const node = u32[(nodes >>> 2) + row]!;
      this.windows.add(node, (u32[(node >>> 2) + flagsAt]! & NodeFlag.nullKey) !== 0);
    }
    // What may be given out again goes on changing once the region is not held.
    if (this.updating || this.windows.rows >= EMIT_ROWS) this.flush();
  }

  /** REQUIRES: nothing else in scratch is needed any more. */
  flush(): void {
    this.flushGone();
    this.flushWindows();
    this.thread.scratch.reset();
  }

  private flushWindows(): void {
    const { rows } = this.windows;
    if (rows === 0) return;
    const cells = this.cellsOf(this.windows);
    const field = (at: NodeField): Vector => this.words(cells, rows, this.stateBytes + at);
    const counts = this.spec.window.kind === 'count';
    const window = counts ? [field(NodeField.start)] : [field(NodeField.shownStart), field(NodeField.shownEnd)];
    // Only sessions can vanish.
    const changelog = !this.updating ? [] : counts ? [this.versions(cells, rows, this.stateBytes + NodeField.version)] : [this.versions(cells, rows, this.stateBytes + NodeField.version), this.flags(rows, 0)];
    const results = this.aggregate.compiled.finishers.map(finisher => finishAggregate(this.thread, finisher, rows, cells));
    this.emit(resultFields(this.spec), [...this.keys(cells, this.windows), ...window, ...changelog, ...results], rows);
    this.windows.clear();
  }

  private flushGone(): void {
    const { rows } = this.gone;
    if (rows === 0) return;
    const cells = this.cellsOf(this.gone);
    const window = [this.words(cells, rows, GoneField.start), this.words(cells, rows, GoneField.end), this.versions(cells, rows, GoneField.version)];
    const results = this.spec.aggregates.map(({ type }): Vector => {
      const data = this.thread.scratch.take(rows * 8);
      this.thread.heap.u8.fill(0, data, data + rows * 8);
      return { cls: vectorClassOf(type), data, valid: this.flags(rows, 0).data, dictionary: 0 };
    });
    this.emit(resultFields(this.spec), [...this.keys(cells, this.gone), ...window, this.flags(rows, 1), ...results], rows);
    this.gone.clear();
  }

  private cellsOf({ addresses }: Pending): number {
    const cells = this.thread.scratch.take(addresses.length * 4);
    this.thread.heap.u32.set(addresses, cells >>> 2);
    return cells;
  }
  private keys(cells: number, { rows, nullRows }: Pending): Vector[] {
    const { keyCount } = this.aggregate.compiled;
    return splitKeys(this.thread, this.aggregate.keyMode, resultFields(this.spec).slice(0, keyCount), this.words(cells, rows, 0).data, rows, nullRows, this.dictionary);
  }
  /** A node counts its own versions, from 1 in each life of a job. */
  private versions(cells: number, rows: number, offset: number): Vector {
    const { heap } = this.thread;
    const vector = this.words(cells, rows, offset);
    const before = firstVersion(heap.i64[fireWord(this.block) + 1]!);
    if (before !== 0n) for (let word = vector.data >>> 3, row = 0; row < rows; row++) heap.i64[word + row]! += before;
    return vector;
  }
  private words(cells: number, rows: number, offset: number): Vector {
    const data = this.thread.scratch.take(rows * 8);
    this.thread.kernels.gatherWords(rows, cells, offset, data);
    return { cls: 'i64', data, valid: 0, dictionary: 0 };
  }
  private flags(rows: number, value: 0 | 1): Vector {
    const data = this.thread.scratch.take(rows);
    this.thread.heap.u8.fill(value, data, data + rows);
    return { cls: 'bool', data, valid: 0, dictionary: 0 };
  }

  private get stateBytes(): number {
    return this.aggregate.compiled.cellBytes;
  }
}
