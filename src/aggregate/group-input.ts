import type { Vector } from '../expression/vector.js';
import type { Slice } from '../state/region.js';
import type { RowZones } from '../window/zone-column.js';

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
  /** What their times lie between, both inside; null where that is not known. */
  readonly range: { readonly least: bigint; readonly greatest: bigint } | null;
  /** The one slice that all rows belong to, or null where the times must tell. */
  readonly slice: Slice | null;
  /** The zones of the elements, where each row has its own. */
  readonly zones: RowZones | null;
  readonly selection: number;
  readonly firstRow: number;
  readonly basePosition: bigint;
  /** Where rows come in order: the number of their morsel, and an int64 per element: windows that end there or before were closed when the row came. */
  readonly morsel: number;
  readonly bounds: number;
  /** Called for elements that turn out to be late. null where rows come in any order. */
  readonly late: ((element: number, bound: bigint) => void) | null;
  /** Called, where rows are let through or not, once that is known: the elements that are (u32, or 0 for all), how many, and how many are not and not late. */
  readonly decided: ((positions: number, rows: number, dropped: number) => void) | null;
}

/** What states read of rows. */
export type CellInput = Pick<GroupInput, 'vectors' | 'times' | 'selection' | 'firstRow' | 'basePosition'>;
