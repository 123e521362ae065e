import type { Expression } from '../plan/expression-tree.js';
import type { Compiler } from './compiler.js';
import type { Frame } from './frame.js';
import { Lift } from './lift.js';
import { rawOfJson } from './literal.js';
import type { Node } from './node.js';
import { rangeOf } from './operand.js';
import { isComparison, type ComparisonOp } from './ops/comparison.js';
import type { Scope } from './scope.js';
import { SourceColumn } from './source-column.js';

/** Keeps the rows for which a predicate is true. */
export interface Filter {
  apply(frame: Frame): Frame;
}

/** One filter per term of a conjunction: a term sees only the rows that all before it kept. */
export function compileFilters(compiler: Compiler, predicate: Expression, scope: Scope): Filter[] {
  if (predicate.op === 'and') return predicate.args.flatMap(term => compileFilters(compiler, term, scope));
  const lift = compiler.lift(predicate, scope);
  if (lift !== null) return [new CodeFilter(lift)];
  return [rangeFilter(predicate, scope) ?? new NodeFilter(compiler.compile(predicate, scope))];
}

/** Any predicate: its bytes to a selection. */
class NodeFilter implements Filter {
  constructor(readonly predicate: Node) {}
  apply(frame: Frame): Frame {
    const { data, valid, constant } = this.predicate.evaluate(frame);
    const { tools, kernels, rows } = frame;
    if (constant) return tools.heap.u8[data] === 1 && valid === 0 ? frame : none(frame);
    const positions = frame.take(rows * 4);
    return frame.narrow(kernels.selectBytes(rows, data, valid, 1, tools.steps, positions), positions);
  }
}
const none = (frame: Frame): Frame => frame.narrow(0, frame.take(4));

/** A predicate over one dictionary column: decided per code. One code that passes is sought with SIMD. */
class CodeFilter implements Filter {
  readonly #general: NodeFilter;
  constructor(readonly lift: Lift) { this.#general = new NodeFilter(lift); }

  apply(frame: Frame): Frame {
    const column = frame.chunk.columns[this.lift.column.index]!;
    const table = this.lift.tableFor(column.dictionary);
    if (this.lift.faults || (column.validity !== 0 && this.lift.trueForNull)) return this.#general.apply(frame);
    const known = column.validity === 0 ? frame : validOnly(frame, column.validity);
    const { kernels, tools, rows, selection } = known;
    if (this.lift.trueCodes === 0) return none(known);
    if (this.lift.trueCodes === this.lift.covered) return known;
    const positions = known.take(rows * 4);
    const count = this.lift.trueCodes === 1 && selection === 0
      ? kernels.selectCodesEqual(column.codeWidth, rows, column.values, this.lift.lastTrueCode, tools.steps, positions)
      : kernels.selectByCode(column.codeWidth, rows, selection, column.values, table.data, positions);
    return known.narrow(count, positions);
  }
}
function validOnly(frame: Frame, validity: number): Frame {
  const positions = frame.take(frame.rows * 4);
  return frame.narrow(frame.kernels.selectBits(frame.rows, frame.selection, validity, 1, frame.tools.steps, positions), positions);
}

/** Values of an integer-like source column in (or, if `want` is 0, not in) a range, read where they lie. */
class RangeFilter implements Filter {
  constructor(readonly column: SourceColumn, readonly low: bigint, readonly span: bigint, readonly want: 0 | 1) {}
  apply(frame: Frame): Frame {
    const { values, validity } = frame.chunk.columns[this.column.index]!;
    const known = validity === 0 ? frame : validOnly(frame, validity);
    const positions = known.take(known.rows * 4);
    const kind = this.column.integerKind!;
    const count = known.kernels.selectIntegers(kind, known.rows, known.selection, values, this.low, this.span, this.want, positions);
    return known.narrow(count, positions);
  }
}

const EXCHANGED: Readonly<Record<ComparisonOp, ComparisonOp>> = { eq: 'eq', ne: 'ne', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' };

/** A comparison of an integer-like source column with a literal; null if it is something else. */
function rangeFilter(predicate: Expression, scope: Scope): Filter | null {
  if (!('args' in predicate) || predicate.op === 'udf' || !isComparison(predicate.op)) return null;
  let [left, right] = predicate.args as readonly [Expression, Expression];
  let { op } = predicate as { op: ComparisonOp };
  if (left.op === 'literal') { [left, right] = [right, left]; op = EXCHANGED[op]; }
  if (left.op !== 'column' || right.op !== 'literal' || right.value === null) return null;
  const column = scope.node(left.name, false);
  if (!(column instanceof SourceColumn) || column.integerKind === undefined) return null;
  const value = rawOfJson(column.type, right.value) as bigint;
  const [least, most] = column.type.kind === 'decimal' || column.type.kind === 'date' ? [-(1n << 63n), (1n << 63n) - 1n] : rangeOf(column.type);
  const [low, high, want] = bounds(op, value, least, most);
  if (low > high) return want === 0 ? new RangeFilter(column, least, most - least, 1) : new RangeFilter(column, least, most - least, 0);
  return new RangeFilter(column, low, high - low, want);
}
function bounds(op: ComparisonOp, value: bigint, least: bigint, most: bigint): [bigint, bigint, 0 | 1] {
  switch (op) {
    case 'eq': return [value, value, 1];
    case 'ne': return [value, value, 0];
    case 'lt': return [least, value - 1n, 1];
    case 'le': return [least, value, 1];
    case 'gt': return [value + 1n, most, 1];
    case 'ge': return [value, most, 1];
  }
}

