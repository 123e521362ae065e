import { isKeyed } from '../aggregate/keyed-window.js';
import type { MorselOperator, RowOperator } from '../aggregate/row-operator.js';
import { FireTiming } from '../aggregate/fire-timing.js';
import type { KeptResults } from '../aggregate/kept-results.js';
import { CHUNK_ROWS } from '../batch/layout.js';
import { RowReader } from '../batch/row-reader.js';
import { decodeText } from '../batch/text-codec.js';
import type { SharedMorsel } from '../batch/shared-batch.js';
import { SharedCopier } from '../batch/shared-copy.js';
import { TextDecoderStage } from '../batch/text-decoder.js';
import { StatelessStage, type ChunkResult } from '../expression/stateless-stage.js';
import { joinInputs } from '../join/entry-layout.js';
import type { JoinOperator } from '../join/join-operator.js';
import { PageUse } from '../heap/page-allocator.js';
import type { Allocator } from '../heap/heap.js';
import { columnOf, type Expression } from '../plan/expression-tree.js';
import type { TextFormat } from '../connectors/source.js';
import { firstStage, type Branch } from '../plan/plan.js';
import { Poisoned } from '../heap/lock.js';
import { poisoned } from '../heap/control.js';
import { Chain } from './chain.js';
import { ChunkResults } from './chunk-results.js';
import { timesOf } from './elements.js';
import { EventTimes } from './event-times.js';
import { InOrderRows } from './in-order-rows.js';
import type { AggregateLayout, JobLayout } from './job-layout.js';
import { JoinRows } from './join-rows.js';
import { type Morsel, MorselKind } from './morsel.js';
import { OutputQueue } from './queues.js';
import { aheadMessage, faultMessage } from './reject-messages.js';
import { rowText, storeRejects, type Reject, type RejectRow } from './rejects.js';
import { SlicedRows } from './sliced-rows.js';
import type { ThreadContext } from './thread-context.js';
import type { LoadedFunctions } from './udf-loader.js';

/** What a thread keeps for the morsels of one branch. */
interface BranchStage {
  readonly branch: Branch;
  readonly stage: StatelessStage;
  /** Made when the first text comes; a branch's text has one format. */
  decoder: TextDecoderStage | null;
  readonly times: EventTimes;
  readonly reader: RowReader;
  readonly copier: SharedCopier;
}

/** What takes rows to an operator that keeps state: those of a chunk of `count` rows, which begins at row `first`. */
interface ToState {
  add(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, reject: RejectRow, count: number): void;
}

/** A morsel whose statistics the chain has. */
export interface OpenMorsel {
  readonly morsel: Morsel;
  readonly rejects: Reject[];
  readonly lines: number;
}

/**
 * Takes a morsel all the way: decode, statistics, chain; then, chunk by chunk, filters and projections, lateness, and either window
 * state or result batches. Every row of the morsel ends in one of filtered, applied, late, dead-lettered.
 */
export class MorselTask {
  private readonly branches: readonly BranchStage[];
  private readonly chain: Chain;
  private readonly batches: Allocator;
  private readonly results: ChunkResults;
  private readonly state: ToState | null;
  private readonly operator: MorselOperator | null;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    aggregate: AggregateLayout | null,
    group: RowOperator | null,
    join: JoinOperator | null,
    private readonly kept: KeptResults | null,
    udfs: LoadedFunctions,
  ) {
    const { plan } = job;
    const { branches, aggregate: called, join: joined } = firstStage(plan);
    this.chain = new Chain(thread.heap, job.block, job.lanes);
    this.batches = thread.pages.for(PageUse.batch);
    this.results = new ChunkResults(thread, this.batches, plan.output);
    this.operator = group ?? join;
    this.state = join !== null ? new JoinRows(thread, job, join) : aggregate === null || group === null ? null : group.inOrder
      ? new InOrderRows(thread, job, aggregate.compiled.keyCount, group, (vectors, rows) => this.results.add(vectors, rows))
      : new SlicedRows(thread, called!, aggregate, group);
    const outputsOf = ({ side }: Branch): readonly Expression[] => (joined !== null ? joinInputs(joined, side) : outputs);
    const outputs: readonly Expression[] = aggregate?.compiled.inputs ?? kept?.inputs ?? plan.output.map(columnOf);
    const { heap, kernels } = thread;
    const allocator = thread.pages.for(PageUse.scratch);
    const timing = called === null || called.window.kind === 'global' || isKeyed(called.window) ? null : new FireTiming(called);
    this.branches = branches.map(given => {
      const branch = withTimeRequired(given);
      return {
        branch,
        stage: new StatelessStage({ branch, outputs: outputsOf(branch), tables: job.tables, heap, kernels, allocator, udfs }),
        decoder: null,
        times: new EventTimes(thread, branch, timing),
        reader: new RowReader(heap, branch.source.schema),
        copier: new SharedCopier(heap, kernels, this.batches, branch.source.schema),
      };
    });
  }

  /** All that the chain needs: waits for no other worker. */
  open(morsel: Morsel): OpenMorsel {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const own = this.branches[morsel.branch]!;
    const { times, branch } = own;
    const rejects: Reject[] = [];
    if (morsel.kind === MorselKind.shared) this.copyShared(morsel, own);
    const lines = morsel.kind === MorselKind.text ? this.decode(morsel, (own.decoder ??= this.decoderFor(morsel, branch)), rejects) : morsel.linesAddress;
    times.bind(morsel, heap.u32[morsel.descriptor >>> 2]!);
    this.chain.add(morsel);
    return { morsel, rejects, lines };
  }

  /** Whether `apply` need not wait for the morsels before. */
  isNext({ morsel }: OpenMorsel): boolean {
    return this.chain.reached(morsel) && (this.operator === null || this.operator.hasTurn(morsel.turn));
  }

  /** REQUIRES: the morsel was opened last. */
  apply({ morsel, rejects, lines }: OpenMorsel): void {
    const { heap, scratch } = this.thread;
    const { stage, times, reader, branch } = this.branches[morsel.branch]!;
    const { descriptor } = morsel;
    const rows = heap.u32[descriptor >>> 2]!;
    const lineOf = (row: number): number => (lines ? heap.u32[(lines >>> 2) + row]! : row);
    const { late, bad } = this.job.heard;
    const reject: RejectRow = (row, reason, message) => {
      if (reason === 'LATE' ? late : bad) rejects.push({ position: lineOf(row), reason, message: message(), row: rowText(reader.row(descriptor, row)) });
    };
    const mark = scratch.mark();
    for (let first = 0; first < rows; first += CHUNK_ROWS) {
      // A chunk may take long, in a function of the user's.
      if (poisoned(heap)) throw new Poisoned();
      const count = Math.min(CHUNK_ROWS, rows - first);
      const result = stage.runChunk(times.columns.descriptor, first, count, scratch);
      // Only now: the morsels before have had the time of a chunk to be added to the chain.
      if (first === 0 && this.operator !== null) this.chain.wait(morsel);
      morsel.filtered += result.filtered;
      morsel.deadLettered += result.faults.length;
      for (const fault of result.faults) {
        if (times.columns.isAhead(fault.row)) reject(fault.row, 'FUTURE_TIME', () => aheadMessage(times.columns.timeOf(fault.row), morsel.latest));
        else reject(fault.row, fault.code, () => faultMessage(fault, branch));
      }
      if (this.kept !== null) this.keep(morsel, times, result, first);
      else if (this.state === null) this.emit(morsel, result);
      else this.state.add(morsel, times, result, first, reject, count);
      if (this.operator?.holds) continue;
      this.put(morsel);
      scratch.release(mark);
    }
    this.operator?.endMorsel(morsel.turn);
    this.put(morsel);
    reader.unbind();
    storeRejects(this.thread, morsel, rejects);
  }

  /** Copies a batch from the user's own shared memory. */
  private copyShared(morsel: Morsel, { copier }: BranchStage): void {
    const { heap, pages } = this.thread;
    const { rows, places, columns } = JSON.parse(decodeText(heap.u8, morsel.textAddress, morsel.textBytes)) as SharedMorsel;
    morsel.descriptor = copier.copy({ rows, columns, buffers: places.map(place => this.job.sharedBuffers[place]!) }, 0, rows);
    morsel.owned = 1;
    if (!morsel.common) pages.free(morsel.textAddress);
  }

  private decoderFor(morsel: Morsel, branch: Branch): TextDecoderStage {
    const { heap, kernels } = this.thread;
    const format = JSON.parse(decodeText(heap.u8, morsel.textFormat + 4, heap.u32[morsel.textFormat >>> 2]!)) as TextFormat;
    return new TextDecoderStage({ fields: branch.source.schema, format, heap, kernels, allocator: this.batches });
  }

  /** Makes a batch of the morsel's text. Returns the address of the rows' line numbers, or 0 where they are the row numbers. */
  private decode(morsel: Morsel, decoder: TextDecoderStage, rejects: Reject[]): number {
    const { heap, pages } = this.thread;
    const decoded = decoder.decode(morsel.textAddress, morsel.textBytes, morsel.textRecords);
    morsel.descriptor = decoded.descriptor;
    morsel.owned = 1;
    // Some may have been set aside before.
    morsel.rows += BigInt(decoded.lines);
    morsel.deadLettered += decoded.bad.length;
    if (this.job.heard.bad) for (const bad of decoded.bad) {
      rejects.push({ position: bad.line, reason: bad.code, message: bad.reason, row: decodeText(heap.u8, bad.address, bad.length) });
    }
    if (!morsel.common) pages.free(morsel.textAddress);
    return decoded.positions;
  }

  private emit(morsel: Morsel, result: ChunkResult): void {
    morsel.applied += result.rows;
    this.results.add(result.vectors, result.rows);
  }
  private put(morsel: Morsel): void {
    this.results.flush(descriptor => OutputQueue.push(this.thread.heap, { descriptor, stage: this.job.stage, morsel: morsel.token, index: morsel.outputs++ }));
  }

  private keep(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number): void {
    morsel.applied += result.rows;
    this.kept!.add(result, times.times && timesOf(this.thread, result, first, times.times));
  }
}

/** A row without event time has no place in any window: the column may not be null, whatever the schema says. */
function withTimeRequired(branch: Branch): Branch {
  const { eventTime, source } = branch;
  if (eventTime === null) return branch;
  return { ...branch, source: { ...source, schema: source.schema.map(field => (field.name === eventTime.column ? { name: field.name, type: field.type, nullable: false } : field)) } };
}
