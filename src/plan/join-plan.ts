import type { Expression } from './expression-tree.js';
import type { NamedExpression } from './plan.js';
import type { Field, Fields } from './types.js';

/**
 * Rows of several inputs that belong together: the same keys, and event times near each other or in the same window. Side 0 is the left
 * one; all else is said relative to its rows. A key with a null in it matches nothing.
 */
export interface Join {
  /** At least two. `Branch.side` says which side a branch feeds; a side fed by several is a union. */
  readonly sides: readonly JoinSide[];
  /**
   * 'eager': what is known is given out at once, and taken back when a match to come changes it. 'final': what a match to come could change
   * waits until none can come. Pairs that match are final in either. 'changes', of sides that are counted: a left row comes at once, and again as
   * there are more matches, with how many more: sums of the counts are right, whatever the order, and nothing is taken back.
   */
  readonly mode: 'eager' | 'final' | 'changes';
  /** A row is late whose event time is before the watermark less `accept`, in the unit of event time. */
  readonly accept: number;
  /** null: by `before` and `after` of each side. */
  readonly window: JoinWindow | null;
  /** null: all rows near enough match. Else only one does, see there. */
  readonly asOf: AsOf | null;
  /** The columns of the stage's output, in its order. */
  readonly columns: readonly JoinColumn[];
}

export interface JoinSide {
  readonly name: string;
  /** The columns its branches end in. */
  readonly fields: Fields;
  /** Over `fields`. As many in each side, of equal types, none if all rows match by time alone. */
  readonly keys: readonly NamedExpression[];
  /** A row at t matches the left rows at T where T - before <= t <= T + after, in the unit of event time. 0 for the left side and with a window. */
  readonly before: number;
  readonly after: number;
  readonly match: JoinMatch;
  /** Whether rows of this side that match no left row are given out, alone. Only of two sides, where `match` is 'inner' or 'optional'. */
  readonly keepsUnmatched: boolean;
}
/**
 * What a side does for a left row; 'left' for the left side itself.
 *   inner     a result row for each of its matches; a left row without one gives nothing
 *   optional  the same, but without a match its columns are null
 *   semi      the left row, once, if there is a match: no columns
 *   anti      the left row, if there is none: no columns
 *   count     the number of matches, in one row per left row
 * Of several inner and optional sides there is a row for each combination. 'semi' and 'anti' have two sides; 'count' goes with 'count' alone.
 */
export type JoinMatch = 'left' | 'inner' | 'optional' | 'semi' | 'anti' | 'count';

/** Both rows lie in it, [start, start + size): aligned to multiples of `size` from `offset` on, in the unit of event time. */
export interface JoinWindow {
  readonly size: number;
  /** Windows begin every `slide`; less than `size` where they overlap: a pair comes once for each window it shares. */
  readonly slide: number;
  readonly offset: number;
}

/**
 * The other side, of which there is one, 'inner' or 'optional', is a table that changes: its rows are versions, each of which replaces those of its key
 * before it in event time. A left row at T matches the newest version at or before T, if any; of those at the same time the last by (branch,
 * position). It is given out when no version at or before T can come any more: the mode is 'final', and there are no bounds and no window.
 */
export interface AsOf {
  /** Over the columns of the table, not null: the version says that there is no row any more, and matches nothing. null: none does. */
  readonly deleted: Expression | null;
  /** A version that is older than the left row by more matches nothing, in the unit of event time. null: however old. */
  readonly within: number | null;
}

export type JoinColumn =
  /** A column of a side. */
  | { readonly kind: 'field'; readonly side: number; readonly name: string }
  /** How many rows of a side match (int64). */
  | { readonly kind: 'count'; readonly side: number }
  /** Event time of the left row; of a row without one, its own. */
  | { readonly kind: 'time' }
  /** Bounds of the window (only with one). */
  | { readonly kind: 'windowStart' } | { readonly kind: 'windowEnd' }
  /** true: takes back an earlier row that was equal in all other columns (bool, not null). */
  | { readonly kind: 'retracted' }
  /** Of mode 'changes'. true: the left row has come; false: its counts have grown (bool, not null). */
  | { readonly kind: 'isNew' };

/** The column of results that may be taken back. */
export const RETRACTED: Field = { name: 'retracted', type: { kind: 'bool' }, nullable: false };

/** Whether rows that were given out may be taken back. */
export const retracts = ({ mode, sides }: Pick<Join, 'mode' | 'sides'>): boolean =>
  mode === 'eager' && sides.some(({ match, keepsUnmatched }) => match === 'optional' || match === 'anti' || match === 'count' || keepsUnmatched);

/**
 * How far behind the watermark the event time of a result may be. What may be taken back is not waited for: windows behind it take
 * results for so long as the join gives them. So it is with changes.
 */
export function behindWatermark(join: Pick<Join, 'mode' | 'sides' | 'window' | 'accept'>): number {
  if (retracts(join) || join.mode === 'changes') return 0;
  if (join.window !== null) return join.window.size + join.accept;
  return join.accept + Math.max(reachOf(join, 0), ...join.sides.map(({ keepsUnmatched, before }) => (keepsUnmatched ? before : 0)));
}

/**
 * For so long after its event time a row of a side may be part of a match to come, without `accept`. Of three and more sides a row of one may
 * meet one of another through a left row: one may still come that reaches both.
 */
export function reachOf({ sides, window }: Pick<Join, 'sides' | 'window'>, side: number): number {
  if (window !== null) return window.size;
  const pairing = (other: number): boolean => other !== side && (sides[other]!.match === 'inner' || sides[other]!.match === 'optional');
  const after = Math.max(0, ...sides.map((one, other) => (side === 0 || pairing(other) ? one.after : 0)));
  return side === 0 ? after : sides[side]!.before + (sides[side]!.match === 'count' ? 0 : after);
}
