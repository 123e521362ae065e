import type { DataType, Field, Fields } from './types.js';

/**
 * A typed expression as plain JSON: what the pipeline builder records, the plan carries, and workers compile. Every node has its
 * result `type` and whether it may be null; operands were coerced by the builder with explicit `cast` nodes, so that both sides of a
 * comparison or an arithmetic operation have the same type (decimals: the same scale for + - and comparison).
 *
 * Nulls follow SQL: an operation with a null operand is null, except `and` / `or` (three-valued), `isNull`, `coalesce`, `case`,
 * `isDistinctFrom`, `lookup` (no match gives null). A row whose expression overflows or casts an unparsable value is *faulted*: it
 * leaves the stream as a dead letter. Branches not taken of `case` and `coalesce` do not fault.
 */
export type Expression = ColumnExpression | LiteralExpression | CallExpression | InExpression | CaseExpression | LookupExpression | UdfExpression;

interface Typed {
  readonly type: DataType;
  readonly nullable: boolean;
}
export interface ColumnExpression extends Typed {
  readonly op: 'column';
  readonly name: string;
}
export const columnOf = ({ name, type, nullable }: Field): ColumnExpression => ({ op: 'column', name, type, nullable });
/** `value` is JSON: int64, uint64, µs timestamps and decimals as decimal strings, binary as base64, dates as `YYYY-MM-DD`, NaN / ±Infinity / -0 as those words; null for null. */
export interface LiteralExpression extends Typed {
  readonly op: 'literal';
  readonly value: null | boolean | number | string;
}
export type CallOp =
  // comparison: operands of one type, result bool. NaN equals NaN and is greater than every number, -0 equals 0 (as DuckDB).
  | 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'isDistinctFrom'
  // logic
  | 'and' | 'or' | 'not' | 'isNull' | 'isNotNull'
  // arithmetic: operands and result of one type (decimal mul: scales add up). Integer overflow faults the row.
  // div: float64 division (x/0 as DuckDB says); intDiv, mod: truncated towards zero, by zero is null.
  | 'add' | 'sub' | 'mul' | 'div' | 'intDiv' | 'mod' | 'neg' | 'abs' | 'floor' | 'ceil' | 'round' | 'sqrt'
  // strings (utf8 or dictionary): lengths and positions count Unicode code points, positions start at 1
  | 'lower' | 'upper' | 'trim' | 'length' | 'concat' | 'substring' | 'startsWith' | 'endsWith' | 'contains' | 'replace' | 'like'
  // time: of a date or timestamp, in UTC. datePart's first argument is a literal part name, truncate's a literal unit name.
  | 'datePart' | 'truncate'
  // n-ary
  | 'coalesce' | 'cast';
export interface CallExpression extends Typed {
  readonly op: CallOp;
  readonly args: readonly Expression[];
}
/** SQL `IN`: null if `arg` is null. `negated` for notIn. `values` are literals of the argument's type in the JSON form above, none null. */
export interface InExpression extends Typed {
  readonly op: 'in';
  readonly arg: Expression;
  readonly values: readonly (boolean | number | string)[];
  readonly negated: boolean;
}
/** The first branch whose `when` is true; `otherwise` if none. */
export interface CaseExpression extends Typed {
  readonly op: 'case';
  readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
  readonly otherwise: Expression;
}
/** The `column` of the static table `table` (an index into `Plan.tables`) in the row whose key column equals `arg`; null if there is none. */
export interface LookupExpression extends Typed {
  readonly op: 'lookup';
  readonly arg: Expression;
  readonly table: number;
  readonly column: string;
}
/** A call of `name`, exported by the module at URL `module`, once per row with JavaScript values. */
export interface UdfExpression extends Typed {
  readonly op: 'udf';
  readonly module: string;
  readonly name: string;
  readonly args: readonly Expression[];
}

export type DatePart = 'year' | 'quarter' | 'month' | 'week' | 'day' | 'dayOfWeek' | 'dayOfYear' | 'hour' | 'minute' | 'second' | 'millisecond' | 'epoch';
export type TimeUnit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** A static table: key to values, in the literals' JSON form. Keys are unique and not null. */
export interface StaticTable {
  readonly key: Fields[number];
  readonly columns: Fields;
  readonly keys: readonly (boolean | number | string)[];
  /** One array per column of `columns`, as long as `keys`. */
  readonly values: readonly (readonly (null | boolean | number | string)[])[];
}
