import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import { classOf, isFloat, rangeOf, sameType, scaleOf, stride, type Operand } from '../operand.js';
import type { FaultCode } from '../stateless-stage.js';

const TICKS_PER_DAY = { ms: 86_400_000n, us: 86_400_000_000n };

/**
 * Between bools, numbers, dates and timestamps. A value that the target cannot hold faults its row. Rounds half away
 * from zero, but floats to integers half to even, as DuckDB does. REQUIRES: not a null constant.
 */
export function convert(frame: Frame, operand: Operand, from: DataType, to: DataType, code: FaultCode): Operand {
  if (sameType(from, to)) return operand;
  const work: Conversion = { frame, rows: operand.constant ? 1 : frame.rows, operand, code };
  if (from.kind === 'bool') return fromBool(work, to);
  if (to.kind === 'bool') return toBool(work, from);
  if (isFloat(from)) return isFloat(to) ? toFloat(work, to) : floatToInteger(work, to);
  if (isFloat(to)) return integerToFloat(work, from, to);
  if (isTime(from) || isTime(to)) return betweenTimes(work, from, to);
  return rescale(work, from, to);
}
interface Conversion {
  readonly frame: Frame;
  readonly rows: number;
  readonly operand: Operand;
  readonly code: FaultCode;
}
const isTime = (type: DataType): boolean => type.kind === 'date' || type.kind === 'timestamp';

function fault({ frame, operand, code }: Conversion, failures: number, bad: number): void {
  if (failures > 0) frame.faultWhere(bad, operand.constant, operand.constant ? 0 : operand.valid, code);
}

function fromBool(work: Conversion, to: DataType): Operand {
  const { frame, rows, operand } = work;
  const out = frame.take(rows * 8);
  frame.kernels.loadIntegers(4, rows, 0, operand.data, out);
  return convert(frame, { ...operand, cls: 'i64', data: out }, { kind: 'int8' }, to, work.code);
}
/** True is what is not zero; NaN is true. */
function toBool({ frame, rows, operand }: Conversion, from: DataType): Operand {
  const out = frame.take(rows);
  if (classOf(from) === 'f64') frame.kernels.nonZeroF64(rows, operand.data, stride(operand), out);
  else frame.kernels.compareI64(0, 1, rows, operand.data, stride(operand), frame.tools.zeros, 0, out);
  return { ...operand, cls: 'bool', data: out };
}

function toFloat(work: Conversion, to: DataType): Operand {
  const { frame, rows, operand } = work;
  if (to.kind === 'float64') return operand;
  const out = frame.take(rows * 8), bad = frame.take(rows);
  fault(work, frame.kernels.singleFromF64(rows, operand.data, bad, out), bad);
  return { ...operand, data: out };
}
function integerToFloat({ frame, rows, operand }: Conversion, from: DataType, to: DataType): Operand {
  const out = frame.take(rows * 8);
  const single = to.kind === 'float32' ? 1 : 0;
  const exact = single ? 1n << 24n : 1n << 53n;
  frame.kernels.floatFromI64(from.kind === 'uint64' ? 1 : 0, single, rows, operand.data, 10n ** BigInt(scaleOf(from)), exact, out);
  return { ...operand, cls: 'f64', data: out };
}
function floatToInteger(work: Conversion, to: DataType): Operand {
  const { frame, rows, operand } = work;
  const [low, high] = rangeOf(to);
  const out = frame.take(rows * 8), bad = frame.take(rows);
  const mode = to.kind === 'decimal' ? 1 : 0;
  const unsigned = to.kind === 'uint64' ? 1 : 0;
  // both bounds are exact as floats: powers of two, or of ten up to 10^18
  const power = 10 ** scaleOf(to);
  fault(work, frame.kernels.integerFromF64(unsigned, mode, rows, operand.data, power, Number(low), Number(high + 1n), bad, out), bad);
  return { ...operand, cls: 'i64', data: out };
}

/** Integers and decimals. */
function rescale(work: Conversion, from: DataType, to: DataType): Operand {
  const { frame, rows, operand } = work;
  const up = scaleOf(to) - scaleOf(from);
  const [low, high] = rangeOf(to);
  if (up > 0) {
    // scaled past int64 a uint64 is past every decimal too
    const source = from.kind === 'uint64' ? check(work, operand, true, 0n, (1n << 63n) - 1n) : operand;
    return multiply(work, source, 10n ** BigInt(up), low, high);
  }
  let rounded = operand;
  if (up < 0) {
    const out = frame.take(rows * 8);
    frame.kernels.divideRoundI64(0, rows, operand.data, 10n ** BigInt(-up), out);
    rounded = { ...operand, data: out };
  }
  const [least, most] = up === 0 ? rangeOf(from) : [-(1n << 63n), (1n << 63n) - 1n];
  if (least >= low && most <= high) return rounded;
  return from.kind === 'uint64' ? check(work, rounded, true, 0n, high) : check(work, rounded, false, low, high);
}
function check(work: Conversion, operand: Operand, unsigned: boolean, low: bigint, high: bigint): Operand {
  const bad = work.frame.take(work.rows);
  const limit = unsigned || high < 1n << 63n ? high : (1n << 63n) - 1n;
  fault(work, work.frame.kernels.checkI64(unsigned ? 1 : 0, work.rows, operand.data, low, limit, bad), bad);
  return operand;
}
function multiply(work: Conversion, operand: Operand, by: bigint, low: bigint, high: bigint): Operand {
  const { frame, rows } = work;
  const out = frame.take(rows * 8), bad = frame.take(rows), factor = frame.take(8);
  frame.tools.heap.i64[factor >>> 3] = by;
  fault(work, frame.kernels.calculateI64(2, rows, operand.data, stride(operand), factor, 0, low, high, bad, out), bad);
  return { ...operand, data: out };
}

/** A plain integer stands for the number of units since 1970. */
function betweenTimes(work: Conversion, from: DataType, to: DataType): Operand {
  const { frame, rows, operand } = work;
  const [low, high] = rangeOf(to);
  if (from.kind === 'date' && to.kind === 'timestamp') return multiply(work, operand, TICKS_PER_DAY[to.unit], low, high);
  if (from.kind === 'timestamp' && to.kind === 'timestamp') {
    if (to.unit === 'us') return multiply(work, operand, 1000n, low, high);
    const out = frame.take(rows * 8);
    frame.kernels.divideRoundI64(0, rows, operand.data, 1000n, out);
    return { ...operand, data: out };
  }
  if (from.kind === 'timestamp' && to.kind === 'date') {
    const out = frame.take(rows * 8);
    frame.kernels.divideRoundI64(1, rows, operand.data, TICKS_PER_DAY[from.unit], out);
    return check(work, { ...operand, data: out }, false, low, high);
  }
  return rescale(work, isTime(from) ? { kind: from.kind === 'date' ? 'int32' : 'int64' } : from, isTime(to) ? { kind: to.kind === 'date' ? 'int32' : 'int64' } : to);
}
