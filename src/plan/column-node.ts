import { inspect } from 'node:util';
import { MillraceError } from '../errors.js';
import type { CallOp, Expression } from './expression-tree.js';
import { arithmetic, unaryArithmetic, type BinaryArithmetic, type UnaryArithmetic } from './operators/arithmetic.js';
import { Bare, castTo, mismatch, type Operand } from './operators/coerce.js';
import { between, compare, isIn, logic, nullTest, type Comparison } from './operators/comparison.js';
import { like, substring, textCall } from './operators/text.js';
import { datePart, truncate } from './operators/time.js';
import { printExpression } from './print-expression.js';
import { noteBuilt, noteUsed, type Recorded } from './recording.js';
import { describeValue, typeNode } from './type-builders.js';

/**
 * What a callback handles at run time: one expression, with every method of every column type. The interfaces of `column.ts` show
 * each column only the methods that it has; from plain JavaScript the wrong one is a TYPE_MISMATCH.
 */
export class ColumnNode implements Recorded {
  /** `watched`: it must become part of the callback's result. Bare columns need not. */
  constructor(readonly expression: Expression, watched = true) {
    if (watched) noteBuilt(this);
  }
  describe(): string {
    return printExpression(this.expression);
  }

  eq(other: unknown): ColumnNode { return this.#compare('eq', other); }
  ne(other: unknown): ColumnNode { return this.#compare('ne', other); }
  lt(other: unknown): ColumnNode { return this.#compare('lt', other); }
  le(other: unknown): ColumnNode { return this.#compare('le', other); }
  gt(other: unknown): ColumnNode { return this.#compare('gt', other); }
  ge(other: unknown): ColumnNode { return this.#compare('ge', other); }
  isDistinctFrom(other: unknown): ColumnNode { return this.#compare('isDistinctFrom', other); }
  between(low: unknown, high: unknown): ColumnNode { return new ColumnNode(between(used(this), operand(low), operand(high))); }
  in(values: unknown): ColumnNode { return new ColumnNode(isIn(used(this), values, false)); }
  notIn(values: unknown): ColumnNode { return new ColumnNode(isIn(used(this), values, true)); }
  isNull(): ColumnNode { return new ColumnNode(nullTest('isNull', used(this))); }
  isNotNull(): ColumnNode { return new ColumnNode(nullTest('isNotNull', used(this))); }
  cast(type: unknown): ColumnNode { return new ColumnNode(castTo(used(this), typeNode(type, 'cast').dataType)); }
  #compare(op: Comparison, other: unknown): ColumnNode { return new ColumnNode(compare(op, used(this), operand(other))); }

  and(...others: unknown[]): ColumnNode { return new ColumnNode(logic('and', [this, ...others].map(other => columnExpression(other, 'and')))); }
  or(...others: unknown[]): ColumnNode { return new ColumnNode(logic('or', [this, ...others].map(other => columnExpression(other, 'or')))); }
  not(): ColumnNode { return new ColumnNode(logic('not', [used(this)])); }

  add(other: unknown): ColumnNode { return this.#arithmetic('add', other); }
  sub(other: unknown): ColumnNode { return this.#arithmetic('sub', other); }
  mul(other: unknown): ColumnNode { return this.#arithmetic('mul', other); }
  div(other: unknown): ColumnNode { return this.#arithmetic('div', other); }
  intDiv(other: unknown): ColumnNode { return this.#arithmetic('intDiv', other); }
  mod(other: unknown): ColumnNode { return this.#arithmetic('mod', other); }
  neg(): ColumnNode { return this.#unary('neg'); }
  abs(): ColumnNode { return this.#unary('abs'); }
  floor(): ColumnNode { return this.#unary('floor'); }
  ceil(): ColumnNode { return this.#unary('ceil'); }
  round(): ColumnNode { return this.#unary('round'); }
  sqrt(): ColumnNode { return this.#unary('sqrt'); }
  #arithmetic(op: BinaryArithmetic, other: unknown): ColumnNode { return new ColumnNode(arithmetic(op, used(this), operand(other))); }
  #unary(op: UnaryArithmetic): ColumnNode { return new ColumnNode(unaryArithmetic(op, used(this))); }

  lower(): ColumnNode { return this.#text('lower'); }
  upper(): ColumnNode { return this.#text('upper'); }
  trim(): ColumnNode { return this.#text('trim'); }
  length(): ColumnNode { return this.#text('length'); }
  concat(...parts: unknown[]): ColumnNode { return this.#text('concat', ...parts); }
  startsWith(text: unknown): ColumnNode { return this.#text('startsWith', text); }
  endsWith(text: unknown): ColumnNode { return this.#text('endsWith', text); }
  contains(text: unknown): ColumnNode { return this.#text('contains', text); }
  replace(search: unknown, by: unknown): ColumnNode { return this.#text('replace', search, by); }
  like(pattern: unknown): ColumnNode { return new ColumnNode(like(used(this), pattern)); }
  substring(start: unknown, length?: unknown): ColumnNode {
    return new ColumnNode(substring(used(this), operand(start), length === undefined ? null : operand(length)));
  }
  #text(op: CallOp, ...operands: unknown[]): ColumnNode { return new ColumnNode(textCall(op, used(this), operands.map(operand))); }

  datePart(part: unknown): ColumnNode { return new ColumnNode(datePart(used(this), part)); }
  truncate(unit: unknown): ColumnNode { return new ColumnNode(truncate(used(this), unit)); }
  year(): ColumnNode { return this.datePart('year'); }
  month(): ColumnNode { return this.datePart('month'); }
  day(): ColumnNode { return this.datePart('day'); }
  hour(): ColumnNode { return this.datePart('hour'); }
  minute(): ColumnNode { return this.datePart('minute'); }
  second(): ColumnNode { return this.datePart('second'); }

  [Symbol.toPrimitive](): never { throw coerced(this.describe()); }
  toJSON(): never { throw coerced(this.describe()); }
  static {
    Object.defineProperty(this.prototype, inspect.custom, { value: inspectNode });
  }
}

function inspectNode(this: ColumnNode): string {
  return `Column(${this.describe()})`;
}
export function coerced(what: string): MillraceError {
  return new MillraceError('EXPRESSION_COERCED', `${what} is used as a JavaScript string, number or boolean, but it stands for a value of every row. `
    + 'Use its methods: .eq(), .gt(), .add(), .concat(), .and() …; udf() for what they cannot say.');
}

/** The expression of a node that becomes part of another. */
export function used(node: ColumnNode): Expression {
  noteUsed(node);
  return node.expression;
}
export const operand = (value: unknown): Operand => (value instanceof ColumnNode ? used(value) : new Bare(value));
/** REQUIRES a column where a JavaScript value would make no sense. */
export function columnExpression(value: unknown, where: string): Expression {
  if (value instanceof ColumnNode) return used(value);
  const hint = typeof value === 'boolean' ? ' JavaScript\'s ===, <, > and ! cannot be recorded: use .eq(), .lt(), .gt(), .not().' : '';
  throw mismatch(`${where} takes a column expression, got ${describeValue(value)}.${hint} A constant is lit(value).`);
}
