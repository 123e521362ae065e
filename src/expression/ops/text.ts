import type { CallOp } from '../../plan/expression-tree.js';
import type { DataType } from '../../plan/types.js';
import type { Frame, Tools } from '../frame.js';
import { asBytes, bothValid, Constant, nullConstant, type Node } from '../node.js';
import { classOf, isNullConstant, isText, stride, type Operand } from '../operand.js';
import { settle } from './arithmetic.js';
import { readText } from './values.js';

/** Writes a result for `rows` elements of operands that are all `bytes` where they are text; nulls are not looked at. */
type Kernel = (frame: Frame, rows: number, args: readonly Operand[]) => Pick<Operand, 'cls' | 'data'>;

/** A function of text, null where an operand is null. */
class TextCall implements Node {
  constructor(readonly type: DataType, readonly args: readonly Node[], readonly kernel: Kernel) {}
  evaluate(frame: Frame): Operand {
    const args = this.args.map(arg => asBytes(frame, arg.evaluate(frame)));
    if (args.some(isNullConstant)) return nullConstant(frame.tools, isText(this.type) ? 'bytes' : classOf(this.type));
    const constant = args.every(arg => arg.constant);
    const valid = args.reduce((known, arg) => bothValid(frame, known, arg.valid), 0);
    const result = this.kernel(frame, constant ? 1 : frame.rows, args);
    return settle(frame, { ...result, valid, dictionary: 0, constant }, constant);
  }
}

export function compileText(tools: Tools, op: CallOp, type: DataType, args: readonly Node[]): Node {
  const kernel = op === 'like' ? likeKernel(tools, args[1]!) : KERNELS[op];
  if (kernel === undefined) throw new TypeError(`there is no operation ${op}`);
  return new TextCall(type, args, kernel);
}

const changeCase = (upper: 0 | 1): Kernel => (frame, rows, [text]) => {
  const { kernels, tools } = frame;
  const out = frame.take(rows * 8), other = frame.take(rows);
  const buffer = frame.take(kernels.stringBytes(rows, text!.data) >>> 0);
  if (kernels.caseText(upper, rows, text!.data, buffer, other, out) > 0) {
    for (let row = 0; row < rows; row++) if (tools.heap.u8[other + row] === 1) changeOther(frame, upper, text!.data + row * 8, out + row * 8);
  }
  return { cls: 'bytes', data: out };
};
const encoder = new TextEncoder();
/** As DuckDB, one code point by one: what would become several (ŉ, ﬁ) stays, and no final sigma. */
function mapped(point: string, upper: 0 | 1): string {
  const changed = upper ? point.toUpperCase() : point.toLowerCase();
  return changed.length === 1 || changed.codePointAt(0)! > 0xffff && changed.length === 2 ? changed : point;
}
function changeOther(frame: Frame, upper: 0 | 1, from: number, to: number): void {
  const text = readText(frame.tools, from);
  const bytes = encoder.encode(Array.from(text, point => mapped(point, upper)).join(''));
  const { heap } = frame.tools;
  const address = frame.take(bytes.length);
  heap.u8.set(bytes, address);
  heap.u32[to >>> 2] = address;
  heap.u32[(to >>> 2) + 1] = bytes.length;
}

const trim: Kernel = (frame, rows, [text]) => {
  const out = frame.take(rows * 8);
  frame.kernels.trimText(rows, text!.data, out);
  return { cls: 'bytes', data: out };
};
const length: Kernel = (frame, rows, [text]) => {
  const out = frame.take(rows * 8);
  frame.kernels.textLength(rows, text!.data, out);
  return { cls: 'i64', data: out };
};

/** Bytes of an operand over all rows. */
const totalBytes = (frame: Frame, rows: number, { data, constant }: Operand): number =>
  (constant ? frame.tools.heap.u32[(data >>> 2) + 1]! * rows : frame.kernels.stringBytes(rows, data) >>> 0);
const concat: Kernel = (frame, rows, args) => {
  let left = args[0]!;
  for (const right of args.slice(1)) {
    const buffer = frame.take(totalBytes(frame, rows, left) + totalBytes(frame, rows, right)), out = frame.take(rows * 8);
    frame.kernels.concatText(rows, left.data, stride(left), right.data, stride(right), buffer, out);
    left = { cls: 'bytes', data: out, valid: 0, dictionary: 0, constant: false };
  }
  return left;
};
const substring: Kernel = (frame, rows, [text, start, count]) => {
  const out = frame.take(rows * 8);
  frame.kernels.substringText(rows, text!.data, stride(text!), start!.data, stride(start!), count?.data ?? 0, count === undefined ? 0 : stride(count), out);
  return { cls: 'bytes', data: out };
};
const match = (mode: number): Kernel => (frame, rows, [text, part]) => {
  const out = frame.take(rows);
  frame.kernels.matchText(mode, rows, text!.data, stride(text!), part!.data, stride(part!), out);
  return { cls: 'bool', data: out };
};
const replace: Kernel = (frame, rows, [text, part, other]) => {
  const operands = [text!.data, stride(text!), part!.data, stride(part!), other!.data, stride(other!)] as const;
  const buffer = frame.take(frame.kernels.replaceText(rows, ...operands, 0, 0) >>> 0), out = frame.take(rows * 8);
  frame.kernels.replaceText(rows, ...operands, buffer, out);
  return { cls: 'bytes', data: out };
};
const like: Kernel = (frame, rows, [text, pattern]) => {
  const out = frame.take(rows);
  frame.kernels.likeText(rows, text!.data, stride(text!), pattern!.data, stride(pattern!), out);
  return { cls: 'bool', data: out };
};

/** A constant pattern with `%` only at its ends is a search for what is between them. */
function likeKernel(tools: Tools, pattern: Node): Kernel {
  if (!(pattern instanceof Constant) || isNullConstant(pattern.operand)) return like;
  const simple = /^(%?)([^%_]*)(%?)$/s.exec(readText(tools, pattern.operand.data));
  if (simple === null || (simple[1] === '' && simple[3] === '')) return like;
  const { arena, heap } = tools;
  const { data } = pattern.operand;
  const part = arena.take(8);
  heap.u32[part >>> 2] = heap.u32[data >>> 2]! + simple[1]!.length;
  heap.u32[(part >>> 2) + 1] = Buffer.byteLength(simple[2]!);
  const operand: Operand = { ...pattern.operand, data: part };
  const search = match(simple[1] === '' ? 0 : simple[3] === '' ? 1 : 2);
  return (frame, rows, [text]) => search(frame, rows, [text!, operand]);
}

const KERNELS: Readonly<Partial<Record<CallOp, Kernel>>> = {
  lower: changeCase(0), upper: changeCase(1), trim, length, concat, substring, replace,
  startsWith: match(0), endsWith: match(1), contains: match(2),
};
