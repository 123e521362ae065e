import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import { bothValid, nullConstant, type Node } from '../node.js';
import { classOf, dense, isNullConstant, rangeOf, scaleOf, stride, type Operand } from '../operand.js';
import { convert } from './convert.js';

export type BinaryOp = 'add' | 'sub' | 'mul' | 'div' | 'intDiv' | 'mod';
export type UnaryOp = 'neg' | 'abs' | 'floor' | 'ceil' | 'round' | 'sqrt';
const CALCULATION: Readonly<Record<BinaryOp, number>> = { add: 0, sub: 1, mul: 2, div: 3, intDiv: 3, mod: 4 };

/** Two operands of one type and a result of the declared type; a result outside its range faults the row. */
export class Calculation implements Node {
  readonly #range: readonly [bigint, bigint];
  readonly #float: boolean;
  constructor(readonly op: BinaryOp, readonly type: DataType, readonly left: Node, readonly right: Node) {
    this.#float = classOf(type) === 'f64';
    this.#range = this.#float ? [0n, 0n] : rangeOf(type);
  }

  evaluate(frame: Frame): Operand {
    const left = this.left.evaluate(frame), right = this.right.evaluate(frame);
    if (isNullConstant(left) || isNullConstant(right)) return nullConstant(frame.tools, classOf(this.type));
    const constant = left.constant && right.constant;
    const rows = constant ? 1 : frame.rows;
    const valid = bothValid(frame, left.valid, right.valid);
    const result = this.#float ? this.#inFloat(frame, left, right, rows, valid)
      : this.op === 'intDiv' || this.op === 'mod' ? this.#quotient(frame, left, right, rows, valid, constant)
      : this.#integer(frame, left, right, rows, valid, constant);
    return settle(frame, result, constant);
  }

  #integer(frame: Frame, left: Operand, right: Operand, rows: number, valid: number, constant: boolean): Operand {
    const { kernels } = frame;
    const out = frame.take(rows * 8), bad = frame.take(rows);
    const op = CALCULATION[this.op];
    const failures = this.type.kind === 'uint64'
      ? kernels.calculateU64(op, rows, left.data, stride(left), right.data, stride(right), bad, out)
      : kernels.calculateI64(op, rows, left.data, stride(left), right.data, stride(right), ...this.#range, bad, out);
    if (failures > 0) frame.faultWhere(bad, constant, valid, 'OVERFLOW');
    return dense('i64', out, valid);
  }

  /** Towards zero; by zero is null. */
  #quotient(frame: Frame, left: Operand, right: Operand, rows: number, valid: number, constant: boolean): Operand {
    const { kernels } = frame;
    const out = frame.take(rows * 8), bad = frame.take(rows), nonZero = frame.take(rows);
    const op = this.op === 'intDiv' ? 0 : 1;
    if (this.type.kind === 'uint64') {
      kernels.divideU64(op, rows, left.data, stride(left), right.data, stride(right), nonZero, out);
      return dense('i64', out, bothValid(frame, valid, nonZero));
    }
    // the quotient of scaled integers has lost its scale
    const rescale = op === 0 ? 10n ** BigInt(scaleOf(this.type)) : 1n;
    const range = rescale === 1n ? this.#range : rangeOf({ kind: 'int64' });
    let failures = kernels.divideI64(op, rows, left.data, stride(left), right.data, stride(right), ...range, bad, nonZero, out);
    const known = bothValid(frame, valid, nonZero);
    if (failures > 0) frame.faultWhere(bad, constant, known, 'OVERFLOW');
    if (rescale !== 1n) {
      failures = kernels.calculateI64(2, rows, out, 8, constantI64(frame, rescale), 0, ...this.#range, bad, out);
      if (failures > 0) frame.faultWhere(bad, constant, known, 'OVERFLOW');
    }
    return dense('i64', out, known);
  }

  #inFloat(frame: Frame, left: Operand, right: Operand, rows: number, valid: number): Operand {
    const { kernels } = frame;
    const out = frame.take(rows * 8);
    const single = this.type.kind === 'float32' ? 1 : 0;
    kernels.calculateF64(CALCULATION[this.op], single, rows, left.data, stride(left), right.data, stride(right), out);
    if (this.op !== 'intDiv' && this.op !== 'mod') return dense('f64', out, valid);
    const nonZero = frame.take(rows);
    kernels.nonZeroF64(rows, right.data, stride(right), nonZero);
    // `intDiv` of floats is their quotient without its fraction
    if (this.op === 'intDiv') kernels.truncateF64(rows, out, out);
    return dense('f64', out, bothValid(frame, valid, nonZero));
  }
}

/** A result of one element is a constant; if null, one that says so. */
export function settle(frame: Frame, operand: Operand, constant: boolean): Operand {
  if (!constant) return operand;
  const isNull = operand.valid !== 0 && frame.tools.heap.u8[operand.valid] === 0;
  return { ...operand, valid: isNull ? frame.tools.zeros : 0, constant: true };
}
export function constantI64(frame: Frame, value: bigint): number {
  const at = frame.take(8);
  frame.tools.heap.i64[at >>> 3] = value;
  return at;
}

const UNARY_FLOAT: Readonly<Record<UnaryOp, number>> = { neg: 0, abs: 1, floor: 2, ceil: 3, round: 4, sqrt: 5 };
const ROUND_MODE: Readonly<Partial<Record<UnaryOp, number>>> = { round: 0, floor: 1, ceil: 2 };

export class UnaryCalculation implements Node {
  constructor(readonly op: UnaryOp, readonly type: DataType, readonly arg: Node) {}

  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (isNullConstant(arg)) return nullConstant(frame.tools, classOf(this.type));
    const rows = arg.constant ? 1 : frame.rows;
    if (arg.cls === 'f64') {
      const out = frame.take(rows * 8);
      frame.kernels.unaryF64(UNARY_FLOAT[this.op], this.arg.type.kind === 'float32' ? 1 : 0, rows, arg.data, out);
      return convert(frame, { ...arg, data: out }, this.arg.type, this.type, 'OVERFLOW');
    }
    if (this.op === 'neg' || this.op === 'abs') return this.#sign(frame, arg, rows);
    if (this.op === 'sqrt') {
      const float = convert(frame, arg, this.arg.type, { kind: 'float64' }, 'OVERFLOW');
      const out = frame.take(rows * 8);
      frame.kernels.unaryF64(UNARY_FLOAT.sqrt, this.type.kind === 'float32' ? 1 : 0, rows, float.data, out);
      return { ...float, data: out };
    }
    return this.#toInteger(frame, arg, rows);
  }

  #sign(frame: Frame, arg: Operand, rows: number): Operand {
    const unsigned = this.type.kind === 'uint64';
    if (unsigned && this.op === 'abs') return arg;
    const out = frame.take(rows * 8), bad = frame.take(rows);
    const failures = unsigned
      ? frame.kernels.calculateU64(1, rows, frame.tools.zeros, 0, arg.data, stride(arg), bad, out)
      : frame.kernels.unaryI64(this.op === 'neg' ? 0 : 1, rows, arg.data, ...rangeOf(this.type), bad, out);
    if (failures > 0) frame.faultWhere(bad, arg.constant, arg.constant ? 0 : arg.valid, 'OVERFLOW');
    return { ...arg, data: out };
  }

  /** floor, ceil and round of an integer are itself, of a decimal one without fraction. */
  #toInteger(frame: Frame, arg: Operand, rows: number): Operand {
    const scale = scaleOf(this.arg.type);
    if (scale === 0) return convert(frame, arg, this.arg.type, this.type, 'OVERFLOW');
    const out = frame.take(rows * 8);
    frame.kernels.divideRoundI64(ROUND_MODE[this.op]!, rows, arg.data, 10n ** BigInt(scale), out);
    return convert(frame, { ...arg, data: out }, { kind: 'decimal', precision: 18, scale: 0 }, this.type, 'OVERFLOW');
  }
}
