import type { DataType } from '../plan/types.js';
import type { Frame, HeapTools } from './frame.js';
import { rawOfJson, writeRaw, type JsonValue, type Raw } from './literal.js';
import { asBytes } from './node.js';
import { classOf, isText, type Operand } from './operand.js';

/** A set of constants of one type in the heap, each with a number: plain data, good for any thread. */
export interface KeySet {
  readonly type: DataType;
  readonly keys: number;
  readonly slots: number;
  readonly mask: number;
  /** Distinct keys. */
  readonly count: number;
}
const isBytes = (type: DataType): boolean => isText(type) || type.kind === 'binary';

/** Writes a set. `numbers`: that of every given value, by its place in `values`. */
export function writeKeySet(tools: HeapTools, type: DataType, values: readonly JsonValue[]): { set: KeySet; numbers: readonly number[] } {
  const { heap, kernels, arena } = tools;
  const known = new Map<string, number>();
  const distinct: Raw[] = [];
  const numbers = values.map(value => {
    const raw = keyOf(rawOfJson(type, value));
    const identity = raw instanceof Uint8Array ? Buffer.from(raw).toString('latin1') : String(raw);
    const number = known.get(identity) ?? distinct.length;
    if (number === distinct.length) { known.set(identity, number); distinct.push(raw); }
    return number;
  });
  const count = distinct.length;
  let capacity = 16;
  while (capacity < count * 2) capacity *= 2;
  const slots = arena.take(capacity * 4);
  heap.u8.fill(0, slots, slots + capacity * 4);
  const keys = arena.take(count * 8);
  distinct.forEach((raw, index) => writeRaw(tools, raw, keys + index * 8, bytes => arena.take(bytes)));
  if (isBytes(type)) kernels.insertTexts(count, keys, slots, capacity - 1);
  else kernels.insertIntegers(count, keys, slots, capacity - 1);
  return { set: { type, keys, slots, mask: capacity - 1, count }, numbers };
}

/** Finds values in a set: what `in` and `lookup` probe. */
export class KeyIndex {
  constructor(readonly set: KeySet) {}

  /** int32 numbers of the elements' keys, -1 where there is none. Of null elements: undefined but in range. */
  probe(frame: Frame, operand: Operand): number {
    const rows = operand.constant ? 1 : frame.rows;
    const out = frame.take(rows * 4);
    const { kernels } = frame;
    const { type, keys, slots, mask } = this.set;
    if (isBytes(type)) kernels.probeTexts(rows, asBytes(frame, operand).data, keys, slots, mask, out);
    else kernels.probeIntegers(rows, this.#integers(frame, operand, rows), keys, slots, mask, out);
    return out;
  }
  #integers(frame: Frame, operand: Operand, rows: number): number {
    if (classOf(this.set.type) === 'i64') return operand.data;
    const out = frame.take(rows * 8);
    if (operand.cls === 'f64') frame.kernels.keyFromF64(rows, operand.data, 8, out);
    else frame.kernels.loadIntegers(4, rows, 0, operand.data, out);
    return out;
  }
}

/** Floats are sought by their bits, with one NaN and no -0; bools as 0 and 1. */
function keyOf(raw: Raw): Raw {
  if (typeof raw === 'boolean') return raw ? 1n : 0n;
  if (typeof raw !== 'number') return raw;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, raw === 0 ? 0 : raw);
  return Number.isNaN(raw) ? 0x7ff8_0000_0000_0000n : bits.getBigInt64(0);
}
