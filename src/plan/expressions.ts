import type { ColumnByTag, Expr, NullsOf, TagOf } from './column.js';
import { ColumnNode, columnExpression, operand } from './column-node.js';
import { caseWhen, coalesce as coalesceOf } from './operators/choice.js';
import { Bare, type Operand } from './operators/coerce.js';
import { condition as conditionOf } from './operators/comparison.js';
import { inferLiteral, typedLiteral } from './operators/infer.js';
import type { Expression } from './expression-tree.js';
import { noteBuilt, noteUsed, type Recorded } from './recording.js';
import type { ColumnTag, Common } from './tags.js';
import { typeNode, type ColumnType } from './type-builders.js';

/** JavaScript values that can stand for a constant column. */
export type LiteralValue = boolean | number | bigint | string | Date | Uint8Array;
/** A column, or a value that takes the type of the columns beside it. */
export type Choice = Expr | LiteralValue | null;

/** Type of a JavaScript value on its own. */
export type LiteralTag<V> = V extends boolean ? 'bool' : V extends number ? 'float64' : V extends bigint ? 'int64' : V extends string ? 'utf8'
  : V extends Date ? 'timestamp' : V extends Uint8Array ? 'binary' : never;
type ChoiceNulls<V> = V extends Expr ? NullsOf<V> : V extends null ? null : never;
/** The common type so far (`never`: only JavaScript values were seen), and the one that the values have on their own. */
type NextTag<T extends ColumnTag, V> = V extends Expr ? ([T] extends [never] ? TagOf<V> : Common<T, TagOf<V>>) : T;
type NextLiteral<L extends ColumnTag, V> = V extends Expr ? L : L | LiteralTag<V>;
type Chosen<T extends ColumnTag, L extends ColumnTag, N extends null> =
  [T] extends [never] ? ColumnByTag<N>[L] : T extends 'dictionary' ? ColumnByTag<N>['utf8'] : ColumnByTag<N>[T];
type FoldTag<A extends readonly unknown[], T extends ColumnTag> = A extends readonly [infer V, ...infer Rest] ? FoldTag<Rest, NextTag<T, V>> : T;
type FoldLiteral<A extends readonly unknown[], L extends ColumnTag> = A extends readonly [infer V, ...infer Rest] ? FoldLiteral<Rest, NextLiteral<L, V>> : L;
type NullIfAll<A extends readonly unknown[]> = true extends { [I in keyof A]: [ChoiceNulls<A[I]>] extends [never] ? true : false }[number] ? never : null;

/** A constant column. Without a type a number is float64, a bigint int64, a `Date` a timestamp in ms: `lit(1n)`, `lit(7, t.int8)`, `lit(null, t.utf8)`. */
export function lit<V extends LiteralValue | null, T extends ColumnTag = LiteralTag<V>>(value: V, type?: ColumnType<T>): ColumnByTag<V extends null ? null : never>[T] {
  const expression = type === undefined ? inferLiteral(value, 'lit') : typedLiteral(value, typeNode(type, 'lit').dataType, 'lit');
  return new ColumnNode(expression) as never;
}

/** The first value that is not null: `coalesce(row.nickname, row.name, 'unknown')`. Null only if all may be. */
export function coalesce<const A extends readonly [Choice, ...Choice[]]>(...values: A): Chosen<FoldTag<A, never>, FoldLiteral<A, never>, NullIfAll<A>> {
  return new ColumnNode(coalesceOf(values.map(operand))) as never;
}

export interface Then<T extends ColumnTag, L extends ColumnTag, N extends null> {
  then<const V extends Choice>(value: V): Case<NextTag<T, V>, NextLiteral<L, V>, N | ChoiceNulls<V>>;
}
export interface Case<T extends ColumnTag, L extends ColumnTag, N extends null> {
  when(condition: Expr<'bool'>): Then<T, L, N>;
  /** What rows get that no condition was true for; may be `null`. */
  otherwise<const V extends Choice>(value: V): Chosen<NextTag<T, V>, NextLiteral<L, V>, N | ChoiceNulls<V>>;
}
/** `when(row.delay.gt(60)).then('late').when(row.delay.gt(0)).then('slow').otherwise('on time')`: the first true condition decides; null is not true. */
export function when(condition: Expr<'bool'>): Then<never, never, never> {
  return new CaseNode([], []).when(condition) as unknown as Then<never, never, never>;
}

/** A `when` on its way to its `otherwise`; forgotten half-way it is a lost expression. */
class CaseNode implements Recorded {
  constructor(readonly whens: readonly Expression[], readonly thens: readonly Operand[]) {
    if (whens.length > 0) noteBuilt(this);
  }
  when(condition: unknown): CaseNode {
    if (this.whens.length > this.thens.length) throw new TypeError('when(…) is followed by .then(value).');
    noteUsed(this);
    return new CaseNode([...this.whens, conditionOf(columnExpression(condition, 'when'), 'when')], this.thens);
  }
  then(value: unknown): CaseNode {
    noteUsed(this);
    return new CaseNode(this.whens, [...this.thens, choice(value)]);
  }
  otherwise(value: unknown): ColumnNode {
    noteUsed(this);
    return new ColumnNode(caseWhen(this.whens, this.thens, choice(value)));
  }
  describe(): string {
    return 'a when(…) without its .otherwise(value)';
  }
}
const choice = (value: unknown): Operand => (value instanceof ColumnNode ? operand(value) : new Bare(value));
