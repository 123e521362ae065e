import type { DeadLetterReason } from '../errors.js';
import { isKeyed } from '../aggregate/keyed-window.js';
import type { RowOperator } from '../aggregate/row-operator.js';
import { FireTiming } from '../aggregate/fire-timing.js';
import type { TopOperator } from '../aggregate/top-operator.js';
import { materialise } from '../batch/materialise.js';
import { RowReader } from '../batch/row-reader.js';
import { decodeText } from '../batch/text-codec.js';
import type { SharedMorsel } from '../batch/shared-batch.js';
import { SharedCopier } from '../batch/shared-copy.js';
import { TextDecoderStage } from '../batch/text-decoder.js';
import { StatelessStage, type ChunkResult } from '../expression/stateless-stage.js';
import { CHUNK_ROWS, type Vector } from '../expression/vector.js';
import { PageUse } from '../heap/page-allocator.js';
import type { Allocator } from '../heap/heap.js';
import type { Expression } from '../plan/expression-tree.js';
import type { TextFormat } from '../connectors/source.js';
import { firstStage, goesByTime, type Branch } from '../plan/plan.js';
import type { CalendarWindow } from '../window/assigner.js';
import type { Slice } from '../state/region.js';
import type { SliceAssigner } from '../window/slice.js';
import { ZoneColumn } from '../window/zone-column.js';
import { Poisoned } from '../heap/lock.js';
import { poisoned } from '../heap/control.js';
import { Chain } from './chain.js';
import { elementsBySlice, elementsOf, withoutSome, withoutZone } from './elements.js';
import { EventTimes, type ChunkZones } from './event-times.js';
import { InOrderRows } from './in-order-rows.js';
import type { AggregateLayout, JobLayout } from './job-layout.js';
import { elementsWithLargeKeys } from './key-limit.js';
import { type Morsel, MorselKind, positionOf } from './morsel.js';
import { OutputQueue } from './queues.js';
import { aheadMessage, faultMessage, LARGE_MESSAGE, lateMessage, OUTSIDE_MESSAGE, UNKNOWN_ZONE_MESSAGE } from './reject-messages.js';
import { rowText, storeRejects, type Reject } from './rejects.js';
import type { ThreadContext } from './thread-context.js';
import type { LoadedFunctions } from './udf-loader.js';

type RejectRow = (row: number, reason: DeadLetterReason, message: string) => void;

/** The elements of a chunk that do not go the common way; of them, `rows` go to slices of their own. */
interface SetApart {
  readonly elements: readonly number[];
  readonly rows: number;
  readonly partlyLate: ReturnType<typeof elementsBySlice>;
}
const NOTHING_APART: SetApart = { elements: [], rows: 0, partlyLate: [] };

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
  private readonly keys: number;
  /** Index of each row's time zone among the outputs, or -1. */
  private readonly zone: number;
  private readonly zones: ZoneColumn | null;
  /** Whether some state keeps the time of a row. */
  private readonly needsTimes: boolean;
  private readonly inOrder: InOrderRows | null;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    aggregate: AggregateLayout | null,
    private readonly group: RowOperator | null,
    private readonly top: TopOperator | null,
    udfs: LoadedFunctions,
  ) {
    const { plan } = job;
    const { branches, aggregate: called } = firstStage(plan);
    this.chain = new Chain(thread.heap, job.block, job.lanes);
    this.batches = thread.pages.for(PageUse.batch);
    this.keys = aggregate?.compiled.keyCount ?? 0;
    this.inOrder = group?.inOrder ? new InOrderRows(thread, job, this.keys, group, (morsel, vectors, rows) => this.put(morsel, vectors, rows)) : null;
    const outputs: readonly Expression[] = aggregate?.compiled.inputs ?? top?.inputs ?? plan.output.map(field => ({ op: 'column', ...field }));
    const { heap, kernels } = thread;
    const allocator = thread.pages.for(PageUse.scratch);
    const timing = called === null || called.window.kind === 'global' || isKeyed(called.window) ? null : new FireTiming(called);
    this.needsTimes = called !== null && called.aggregates.some(call => goesByTime(call.fn));
    this.zone = aggregate?.compiled.zone ?? -1;
    this.zones = this.zone < 0 ? null : new ZoneColumn(thread, called!.window as CalendarWindow);
    this.branches = branches.map(given => {
      const branch = withTimeRequired(given);
      return {
        branch,
        stage: new StatelessStage({ branch, outputs, tables: job.tables, heap, kernels, allocator, udfs }),
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
    return this.chain.reached(morsel) && (this.group === null || this.group.hasTurn(morsel.turn));
  }

  /** REQUIRES: the morsel was opened last. */
  apply({ morsel, rejects, lines }: OpenMorsel): void {
    const { heap, scratch } = this.thread;
    const { stage, times, reader, branch } = this.branches[morsel.branch]!;
    const { descriptor } = morsel;
    const rows = heap.u32[descriptor >>> 2]!;
    const positionOf = (row: number): number => (lines ? heap.u32[(lines >>> 2) + row]! : row);
    const reject: RejectRow = (row, reason, message) => {
      rejects.push({ position: positionOf(row), reason, message, row: rowText(reader.row(descriptor, row)) });
    };
    const mark = scratch.mark();
    for (let first = 0; first < rows; first += CHUNK_ROWS) {
      // A chunk may take long, in a function of the user's.
      if (poisoned(heap)) throw new Poisoned();
      const count = Math.min(CHUNK_ROWS, rows - first);
      const result = stage.runChunk(times.columns.descriptor, first, count, scratch);
      // Only now: the morsels before have had the time of a chunk to be added to the chain.
      if (first === 0 && this.group !== null) this.chain.wait(morsel);
      morsel.filtered += result.filtered;
      morsel.deadLettered += result.faults.length;
      for (const fault of result.faults) {
        if (times.columns.isAhead(fault.row)) reject(fault.row, 'FUTURE_TIME', aheadMessage(times.columns.timeOf(fault.row), morsel.latest));
        else reject(fault.row, fault.code, faultMessage(fault, branch));
      }
      if (this.top !== null) this.rank(morsel, times, result, first);
      else if (this.group === null) this.emit(morsel, result);
      else if (this.inOrder !== null) this.inOrder.add(morsel, times, result, first, reject);
      else this.addChunk(morsel, times, result, first, count, reject);
      if (!this.group?.holds) scratch.release(mark);
    }
    this.group?.endMorsel(morsel.turn);
    reader.unbind();
    storeRejects(this.thread, morsel, rejects);
  }

  /** Copies a batch from the user's own shared memory. */
  private copyShared(morsel: Morsel, { copier }: BranchStage): void {
    const { heap, pages } = this.thread;
    const { rows, places, columns } = JSON.parse(decodeText(heap.u8, morsel.textAddress, morsel.textBytes)) as SharedMorsel;
    morsel.descriptor = copier.copy({ rows, columns, buffers: places.map(place => this.job.sharedBuffers[place]!) }, 0, rows);
    morsel.owned = 1;
    pages.free(morsel.textAddress);
  }

  private decoderFor(morsel: Morsel, branch: Branch): TextDecoderStage {
    const { heap, kernels } = this.thread;
    const format = JSON.parse(decodeText(heap.u8, morsel.textFormat + 4, heap.u32[morsel.textFormat >>> 2]!)) as TextFormat;
    return new TextDecoderStage({ fields: branch.source.schema, format, heap, kernels, allocator: this.batches });
  }

  /** Makes a batch of the morsel's text. Returns the address of the rows' line numbers, or 0 where they are the row numbers. */
  private decode(morsel: Morsel, decoder: TextDecoderStage, rejects: Reject[]): number {
    const { heap, pages } = this.thread;
    const decoded = decoder.decode(morsel.textAddress, morsel.textBytes);
    morsel.descriptor = decoded.descriptor;
    morsel.owned = 1;
    morsel.rows = BigInt(decoded.lines);
    morsel.deadLettered = decoded.bad.length;
    for (const bad of decoded.bad) {
      rejects.push({ position: bad.line, reason: bad.code, message: bad.reason, row: decodeText(heap.u8, bad.address, bad.length) });
    }
    pages.free(morsel.textAddress);
    return decoded.positions;
  }

  private emit(morsel: Morsel, result: ChunkResult): void {
    morsel.applied += result.rows;
    this.put(morsel, result.vectors, result.rows);
  }
  private put(morsel: Morsel, vectors: readonly Vector[], rows: number): void {
    if (rows === 0) return;
    const { heap, kernels } = this.thread;
    const descriptor = materialise(heap, kernels, this.batches, this.job.plan.output, vectors, rows);
    OutputQueue.push(heap, { descriptor, stage: this.job.stage, morsel: morsel.token, index: morsel.outputs++ });
  }

  private rank(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number): void {
    const { kernels, scratch } = this.thread;
    morsel.applied += result.rows;
    const own = times.times && scratch.take(result.rows * 8);
    if (own) kernels.gatherTimes(result.rows, result.selection, first, times.times, own);
    this.top!.add(result, own);
  }

  private addChunk(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, count: number, reject: RejectRow): void {
    const { heap, kernels, scratch } = this.thread;
    const zones = this.zonesOf(result, first);
    const apart = this.setApart(morsel, times, result, first, count, zones, reject);
    const { rows, positions } = withoutSome(this.thread, apart.elements, result.rows);
    morsel.applied += rows + apart.rows;
    const slice = times.sliceOfChunk(first);
    let elementTimes = 0;
    if (times.times && rows + apart.rows > 0 && (slice === null || this.needsTimes)) {
      elementTimes = times.times + first * 8;
      if (result.selection) {
        elementTimes = scratch.take(result.rows * 8);
        kernels.gatherTimes(result.rows, result.selection, first, times.times, elementTimes);
      }
    }
    const base = positionOf(morsel);
    const add = (own: number, count: number, place: Slice | null): void => this.group!.add({
      vectors: result.vectors, elements: result.rows, positions: own, rows: count, times: elementTimes, slice: place, zones: zones?.zones ?? null,
      selection: result.selection, firstRow: first, basePosition: base, morsel: morsel.turn, bounds: 0, late: null, decided: null,
    });
    add(positions, rows, slice);
    for (const part of apart.partlyLate) {
      const own = scratch.take(part.elements.length * 4);
      heap.u32.set(part.elements, own >>> 2);
      add(own, part.elements.length, part.slice);
    }
  }

  /** Rejects what has no window to go to any more, or never had one, and finds what goes to a slice of its own. */
  private setApart(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, count: number, zones: ChunkZones | null, reject: RejectRow): SetApart {
    const { heap } = this.thread;
    const outsideRows = times.rowsOutside(first, count);
    const lateRows = times.lateRows(morsel, first, count, zones);
    const large = elementsWithLargeKeys(this.thread, result, this.keys);
    const someUnknown = zones !== null && zones.zones.someUnknown;
    // Of most chunks everything goes one way.
    if (outsideRows.length + lateRows.length + large.length + times.partlyLate.length === 0 && !someUnknown) return NOTHING_APART;
    const taken = new Set<number>();
    const take = (elements: readonly number[]): number[] => elements.filter(element => !taken.has(element) && taken.add(element));
    const rowOf = (element: number): number => (result.selection ? heap.u32[(result.selection >>> 2) + element]! : first + element);
    for (const element of take(elementsOf(heap, result, first, outsideRows))) reject(rowOf(element), 'OVERFLOW', OUTSIDE_MESSAGE);
    if (someUnknown) for (const element of take(withoutZone(heap, zones.zones, result.rows))) reject(rowOf(element), 'UNKNOWN_ZONE', UNKNOWN_ZONE_MESSAGE);
    const late = take(elementsOf(heap, result, first, lateRows));
    for (const element of late) reject(rowOf(element), 'LATE', lateMessage(times.columns.timeOf(rowOf(element)), times.watermarkBefore(rowOf(element))));
    for (const element of take(large)) reject(rowOf(element), 'KEY_TOO_LARGE', LARGE_MESSAGE);
    morsel.late += late.length;
    morsel.deadLettered += taken.size - late.length;
    const partlyLate = elementsBySlice(heap, result, first, times.partlyLate, taken);
    let rows = 0;
    for (const { elements } of partlyLate) {
      rows += elements.length;
      for (const element of elements) taken.add(element);
    }
    return { elements: [...taken], rows, partlyLate };
  }

  private zonesOf(result: ChunkResult, first: number): ChunkZones | null {
    if (this.zones === null) return null;
    const zones = this.zones.read(result.vectors[this.zone]!, result.rows);
    const of = (row: number): SliceAssigner | null => {
      const [element] = elementsOf(this.thread.heap, result, first, [row]);
      return element === undefined ? null : zones.assigners[this.thread.heap.u32[(zones.numbers >>> 2) + element]!]!;
    };
    return { zones, of };
  }
}

/** A row without event time has no place in any window: the column may not be null, whatever the schema says. */
function withTimeRequired(branch: Branch): Branch {
  const { eventTime, source } = branch;
  if (eventTime === null) return branch;
  return { ...branch, source: { ...source, schema: source.schema.map(field => (field.name === eventTime.column ? { name: field.name, type: field.type, nullable: false } : field)) } };
}
