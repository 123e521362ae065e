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
