import type { DatePart, TimeUnit } from '../../plan/expression-tree.js';
import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import { nullConstant, type Node } from '../node.js';
import { classOf, isFloat, isNullConstant, rangeOf, type Operand } from '../operand.js';
import { convert } from './convert.js';

const PARTS: readonly DatePart[] = [
  'year', 'quarter', 'month', 'week', 'day', 'dayOfWeek', 'dayOfYear', 'hour', 'minute', 'second', 'millisecond', 'epoch',
];
const UNITS: readonly TimeUnit[] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const SECONDS: readonly number[] = [1, 60, 3600, 86_400];

const ticksPerDay = (type: DataType): bigint => (type.kind !== 'timestamp' ? 1n : type.unit === 'ms' ? 86_400_000n : 86_400_000_000n);
const INT64: DataType = { kind: 'int64' };

/** A part of a date or timestamp, in UTC; `epoch` with its fraction if the declared type has one. */
export class PartOfTime implements Node {
  readonly #part: number;
  constructor(readonly type: DataType, part: DatePart, readonly arg: Node) {
    this.#part = PARTS.indexOf(part);
    if (this.#part < 0) throw new TypeError(`there is no date part ${part}`);
  }
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (isNullConstant(arg)) return nullConstant(frame.tools, classOf(this.type));
    const rows = arg.constant ? 1 : frame.rows;
    const perDay = ticksPerDay(this.arg.type);
    const out = frame.take(rows * 8);
    if (PARTS[this.#part] === 'epoch' && isFloat(this.type) && perDay !== 1n) {
      frame.kernels.epochSeconds(rows, arg.data, Number(perDay / 86_400n), out);
      return { ...arg, cls: 'f64', data: out };
    }
    frame.kernels.datePart(this.#part, rows, arg.data, perDay, out);
    return convert(frame, { ...arg, data: out }, INT64, this.type, 'OVERFLOW');
  }
}

/** Down to the start of a unit of time; of a date, a unit below the day is the date itself. */
export class Truncation implements Node {
  readonly #unit: number;
  constructor(readonly type: DataType, unit: TimeUnit, readonly arg: Node) {
    this.#unit = UNITS.indexOf(unit);
    if (this.#unit < 0) throw new TypeError(`there is no time unit ${unit}`);
  }
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (isNullConstant(arg)) return nullConstant(frame.tools, classOf(this.type));
    const rows = arg.constant ? 1 : frame.rows;
    const perDay = ticksPerDay(this.arg.type);
    const ticks = perDay === 1n ? 1n : (perDay / 86_400n) * BigInt(SECONDS[this.#unit] ?? 1);
    const out = frame.take(rows * 8), bad = frame.take(rows);
    const failures = frame.kernels.truncateTime(this.#unit, rows, arg.data, perDay, ticks, rangeOf(this.arg.type)[0], bad, out);
    if (failures > 0) frame.faultWhere(bad, arg.constant, arg.constant ? 0 : arg.valid, 'OVERFLOW');
    return convert(frame, { ...arg, data: out }, this.arg.type, this.type, 'OVERFLOW');
  }
}
