import type { DataType } from '../plan/types.js';
import type { Frame, Tools } from './frame.js';
import { rawOfJson, writeRaw, type JsonValue, type Raw } from './literal.js';
import { asBytes } from './node.js';
import { classOf, isText, type Operand } from './operand.js';

/** A set of constants of one type in the heap, each with a number: what `in` and `lookup` probe. Built once per stage. */
export class KeyIndex {
  readonly #keys: number;
  readonly #slots: number;
  readonly #mask: number;
  readonly #text: boolean;
  /** Distinct keys. */
  readonly count: number;
  /** Number of every given value, by its place in `values`. */
  readonly numbers: readonly number[];

  constructor(tools: Tools, readonly type: DataType, values: readonly JsonValue[]) {
    this.#text = isText(type) || type.kind === 'binary';
    const numbers = new Map<string, number>();
    const distinct: Raw[] = [];
    this.numbers = values.map(value => {
      const raw = keyOf(rawOfJson(type, value));
      const identity = raw instanceof Uint8Array ? Buffer.from(raw).toString('latin1') : String(raw);
      const known = numbers.get(identity) ?? distinct.length;
      if (known === distinct.length) { numbers.set(identity, known); distinct.push(raw); }
      return known;
    });
    this.count = distinct.length;
    let slots = 16;
    while (slots < this.count * 2) slots *= 2;
    this.#mask = slots - 1;
    this.#slots = tools.arena.take(slots * 4);
    tools.heap.u8.fill(0, this.#slots, this.#slots + slots * 4);
    this.#keys = tools.arena.take(this.count * 8);
    distinct.forEach((raw, index) => writeRaw(tools, raw, this.#keys + index * 8, bytes => tools.arena.take(bytes)));
    if (this.#text) tools.kernels.insertTexts(this.count, this.#keys, this.#slots, this.#mask);
    else tools.kernels.insertIntegers(this.count, this.#keys, this.#slots, this.#mask);
  }

  /** int32 numbers of the elements' keys, -1 where there is none. Of null elements: undefined but in range. */
  probe(frame: Frame, operand: Operand): number {
    const rows = operand.constant ? 1 : frame.rows;
    const out = frame.take(rows * 4);
    const { kernels } = frame;
    if (this.#text) kernels.probeTexts(rows, asBytes(frame, operand).data, this.#keys, this.#slots, this.#mask, out);
    else kernels.probeIntegers(rows, this.#integers(frame, operand, rows), this.#keys, this.#slots, this.#mask, out);
    return out;
  }
  #integers(frame: Frame, operand: Operand, rows: number): number {
    if (classOf(this.type) === 'i64') return operand.data;
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
