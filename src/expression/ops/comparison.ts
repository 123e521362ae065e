import type { CallOp } from '../../plan/expression-tree.js';
import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import { asBytes, bothValid, nullConstant, type Node } from '../node.js';
import { dense, isNullConstant, stride, type Operand } from '../operand.js';

export type ComparisonOp = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';
export const isComparison = (op: CallOp): op is ComparisonOp => ['eq', 'ne', 'lt', 'le', 'gt', 'ge'].includes(op);

const BOOL: DataType = { kind: 'bool' };
/** How each follows from "equal" and "less". */
const FORMS: Readonly<Record<ComparisonOp, { less: 0 | 1; negate: 0 | 1; exchange: boolean }>> = {
  eq: { less: 0, negate: 0, exchange: false },
  ne: { less: 0, negate: 1, exchange: false },
  lt: { less: 1, negate: 0, exchange: false },
  ge: { less: 1, negate: 1, exchange: false },
  gt: { less: 1, negate: 0, exchange: true },
  le: { less: 1, negate: 1, exchange: true },
};

/** Bytes of 0 or 1 for two operands of one type, nulls not looked at. */
function compare(frame: Frame, op: ComparisonOp, type: DataType, left: Operand, right: Operand, rows: number): number {
  const { kernels } = frame;
  const { less, negate, exchange } = FORMS[op];
  const out = frame.take(rows);
  if (left.cls === 'code' && right.cls === 'code' && left.dictionary === right.dictionary && less === 0) {
    kernels.compareCodes(negate, rows, left.data, stride(left), right.data, stride(right), out);
    return out;
  }
  let a = asBytes(frame, left), b = asBytes(frame, right);
  if (exchange) [a, b] = [b, a];
  const kernel = a.cls === 'bytes' ? kernels.compareText
    : a.cls === 'f64' ? kernels.compareF64
    : a.cls === 'bool' ? kernels.compareBool
    : type.kind === 'uint64' ? kernels.compareU64 : kernels.compareI64;
  kernel(less, negate, rows, a.data, stride(a), b.data, stride(b), out);
  return out;
}

/** A comparison of two operands of one type; null if one of them is. */
export class Comparison implements Node {
  readonly type: DataType = BOOL;
  constructor(readonly op: ComparisonOp, readonly left: Node, readonly right: Node) {}
  evaluate(frame: Frame): Operand {
    const left = this.left.evaluate(frame), right = this.right.evaluate(frame);
    if (isNullConstant(left) || isNullConstant(right)) return nullConstant(frame.tools, 'bool');
    const constant = left.constant && right.constant;
    const out = compare(frame, this.op, this.left.type, left, right, constant ? 1 : frame.rows);
    return { ...dense('bool', out, bothValid(frame, left.valid, right.valid)), constant };
  }
}

/** `IS DISTINCT FROM`: never null, two nulls are not distinct. */
export class Distinction implements Node {
  readonly type: DataType = BOOL;
  constructor(readonly left: Node, readonly right: Node) {}
  evaluate(frame: Frame): Operand {
    const left = this.left.evaluate(frame), right = this.right.evaluate(frame);
    const constant = left.constant && right.constant;
    const rows = constant ? 1 : frame.rows;
    const differ = compare(frame, 'ne', this.left.type, left, right, rows);
    if (left.valid === 0 && right.valid === 0) return { ...dense('bool', differ), constant };
    const out = frame.take(rows);
    frame.kernels.distinctBytes(rows, differ, left.valid, left.constant ? 0 : 1, right.valid, right.constant ? 0 : 1, out);
    return { ...dense('bool', out), constant };
  }
}
