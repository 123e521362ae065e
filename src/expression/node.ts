import type { DataType } from '../plan/types.js';
import type { VectorClass } from './vector.js';
import type { Frame, Tools } from './frame.js';
import { dense, WIDTH, type Operand } from './operand.js';

/** A compiled expression. Rows it faults are noted in the frame's chunk; their elements are then meaningless but defined. */
export interface Node {
  readonly type: DataType;
  evaluate(frame: Frame): Operand;
}

export class Constant implements Node {
  constructor(readonly type: DataType, readonly operand: Operand) {}
  evaluate(): Operand { return this.operand; }
}

/** Evaluates once per selection. */
export class Remembered implements Node {
  constructor(readonly inner: Node) {}
  get type(): DataType { return this.inner.type; }
  evaluate(frame: Frame): Operand {
    return frame.recall(this) ?? frame.remember(this, this.inner.evaluate(frame));
  }
}

export const nullConstant = (tools: Tools, cls: VectorClass): Operand =>
  ({ cls: cls === 'code' ? 'bytes' : cls, data: tools.zeros, valid: tools.zeros, dictionary: 0, constant: true });

/** A byte per element that is 1 where both are; 0 where nothing is null. Constants given must not be null. */
export function bothValid(frame: Frame, a: number, b: number): number {
  if (a === 0 || a === b) return b;
  if (b === 0) return a;
  const out = frame.take(frame.rows);
  frame.kernels.andBytes(frame.rows, a, b, out);
  return out;
}

/** A constant written out for every row. */
export function expand(frame: Frame, operand: Operand): Operand {
  if (!operand.constant) return operand;
  const { rows, kernels } = frame;
  const width = WIDTH[operand.cls];
  const data = frame.take(rows * width);
  if (width === 8) kernels.fill64(rows, operand.data, data);
  else if (width === 4) kernels.fill32(rows, operand.data, data);
  else kernels.fill8(rows, operand.data, data);
  let valid = 0;
  if (operand.valid !== 0) kernels.fill8(rows, operand.valid, valid = frame.take(rows));
  return dense(operand.cls, data, valid, operand.dictionary);
}

/** Text as (address, length), whatever class it came in. */
export function asBytes(frame: Frame, operand: Operand): Operand {
  if (operand.cls !== 'code') return operand;
  const { heap } = frame.tools;
  const rows = operand.constant ? 1 : frame.rows;
  const block = operand.dictionary >>> 2;
  const out = frame.take(rows * 8);
  frame.kernels.loadTextOfCodes(rows, operand.data, operand.valid, heap.u32[block + 1]!, heap.u32[block + 2]!, out);
  return { cls: 'bytes', data: out, valid: operand.valid, dictionary: 0, constant: operand.constant };
}
