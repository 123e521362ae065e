import { ColumnWord, columnWord } from '../batch/layout.js';
import type { Allocator, Heap, Scratch } from '../heap/heap.js';
import type { Kernels } from '../../native-free-kernels/load.js';
import { fillSelectSteps, SELECT_STEP_BYTES } from '../../native-free-kernels/select.js';
import type { Expression } from '../plan/expression-tree.js';
import type { Branch } from '../plan/plan.js';
import type { Field } from '../plan/types.js';
import { Arena } from './arena.js';
import { Compiler } from './compiler.js';
import { compileFilters, type Filter } from './filter.js';
import { Chunk, Frame, type ChunkColumn, type Tools } from './frame.js';
import { expand, type Node } from './node.js';
import type { StaticTableData } from './loaded-table.js';
import type { FindUdf } from './ops/udf.js';
import { Scope } from './scope.js';
import { CODE_WIDTH, valueWidth } from './source-column.js';
import type { Vector } from './vector.js';

/** The outcome of taking one chunk of a batch through the filters and projections of a branch. All arrays live in scratch. */
export interface ChunkResult {
  /** Rows that passed every filter and did not fault. */
  rows: number;
  /** Address of their row numbers in the batch (u32, ascending), or 0 when they are exactly firstRow … firstRow + rows - 1. */
  selection: number;
  /** The outputs asked for, each with `rows` elements. */
  vectors: Vector[];
  /** Rows that a filter turned away (false or null). */
  filtered: number;
  /** Rows that faulted. */
  faults: { row: number; code: FaultCode; detail?: string }[];
}
export type FaultCode = 'OVERFLOW' | 'BAD_CAST' | 'UDF_FAILED' | 'NULL_IN_NON_NULL';

export interface StatelessStageOptions {
  readonly branch: Branch;
  /** Over the columns the branch ends in. */
  readonly outputs: readonly Expression[];
  /** By their numbers in the plan. */
  readonly tables: readonly StaticTableData[];
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** For literals and results per dictionary code; given back by `free`. */
  readonly allocator: Allocator;
  readonly udfs: FindUdf;
}

/** What the way to a column's values depends on. */
interface ColumnKind {
  readonly name: string;
  readonly nullable: boolean;
  /** Whether values are bits. */
  readonly isBits: boolean;
  /** Bytes per value, or 0. */
  readonly width: number;
  /** Bytes per code of a dictionary column, else 0. */
  readonly codeWidth: number;
}
const columnKind = (field: Field): ColumnKind => {
  const { name, nullable, type } = field;
  return { name, nullable, isBits: type.kind === 'bool', width: valueWidth(field), codeWidth: type.kind === 'dictionary' ? CODE_WIDTH[type.index] : 0 };
};

/**
 * The filters, projections and outputs of one branch, compiled for one thread. A projection computes nothing by itself: its columns
 * are evaluated when a later filter or output needs them, at most once per selection. So a row faults only by what is asked of it.
 */
export class StatelessStage {
  readonly #tools: Tools;
  readonly #compiler: Compiler;
  readonly #columns: readonly ColumnKind[];
  readonly #filters: readonly Filter[];
  readonly #outputs: readonly Node[];

  constructor({ branch, outputs, tables, heap, kernels, allocator, udfs }: StatelessStageOptions) {
    const arena = new Arena(allocator);
    const steps = arena.take(SELECT_STEP_BYTES), zeros = arena.take(64);
    fillSelectSteps(heap, steps);
    heap.u8.fill(0, zeros, zeros + 64);
    this.#tools = { heap, kernels, arena, steps, zeros };
    this.#compiler = new Compiler(this.#tools, tables, udfs);
    this.#columns = branch.source.schema.map(columnKind);
    let scope = Scope.ofSource(this.#compiler, branch.source.schema);
    const filters: Filter[] = [];
    for (const step of branch.steps) {
      if (step.kind === 'filter') filters.push(...compileFilters(this.#compiler, step.predicate, scope));
      else scope = scope.project(step.columns);
    }
    this.#filters = filters;
    this.#outputs = outputs.map(output => this.#compiler.compile(output, scope));
  }

  /**
   * Rows firstRow … firstRow + rows - 1 of the batch at `descriptor`. REQUIRES: firstRow is a multiple of CHUNK_ROWS, rows is at
   * most CHUNK_ROWS; the caller takes the result before it resets `scratch`.
   */
  runChunk(descriptor: number, firstRow: number, rows: number, scratch: Scratch): ChunkResult {
    const chunk = new Chunk(this.#tools, scratch, this.#columns.map((kind, column) => this.#column(kind, columnWord(descriptor, column), firstRow)));
    let frame = this.#withoutNulls(new Frame(chunk, rows, 0));
    for (const filter of this.#filters) {
      const before = chunk.faults.size;
      frame = filter.apply(frame);
      if (chunk.faults.size > before) frame = frame.withoutFaulted();
      if (frame.rows === 0) break;
    }
    const { faults } = chunk;
    const before = faults.size;
    let vectors: Vector[] = this.#outputs.map(output => expand(frame, output.evaluate(frame)));
    const last = faults.size > before ? frame.withoutFaulted() : frame;
    if (last !== frame) vectors = vectors.map(vector => last.compact({ ...vector, constant: false }, last.positions));
    return {
      rows: last.rows,
      selection: this.#batchRows(last, firstRow),
      vectors,
      filtered: rows - last.rows - faults.size,
      faults: [...faults].map(([row, fault]) => ({ row: firstRow + row, ...fault })).sort((a, b) => a.row - b.row),
    };
  }

  /** Gives back what the stage allocated. */
  free(): void {
    this.#compiler.free();
    this.#tools.arena.free();
  }

  #column({ isBits, width, codeWidth }: ColumnKind, at: number, firstRow: number): ChunkColumn {
    const { u32 } = this.#tools.heap;
    const nulls = u32[at + ColumnWord.nullCount] !== 0 && u32[at + ColumnWord.validity] !== 0;
    return {
      values: u32[at + ColumnWord.values]! + (isBits ? firstRow >>> 3 : firstRow * width),
      validity: nulls ? u32[at + ColumnWord.validity]! + (firstRow >>> 3) : 0,
      offsets: u32[at + ColumnWord.offsets]! + firstRow * 4,
      dictionary: u32[at + ColumnWord.dictionary]!,
      codeWidth,
    };
  }

  /** A null in a column that has none by its schema faults the row, before anything looks at it. */
  #withoutNulls(frame: Frame): Frame {
    this.#columns.forEach(({ name, nullable }, column) => {
      const { validity } = frame.chunk.columns[column]!;
      if (nullable || validity === 0) return;
      const nulls = frame.take(frame.rows * 4);
      const count = frame.kernels.selectBits(frame.rows, 0, validity, 0, this.#tools.steps, nulls);
      for (let at = 0; at < count; at++) frame.fault(this.#tools.heap.u32[(nulls >>> 2) + at]!, 'NULL_IN_NON_NULL', name);
    });
    return frame.withoutFaulted();
  }

  #batchRows(frame: Frame, firstRow: number): number {
    if (frame.selection === 0 || firstRow === 0) return frame.selection;
    const out = frame.take(frame.rows * 4);
    frame.kernels.offset32(frame.rows, frame.selection, firstRow, out);
    return out;
  }
}
