import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import type { KeyIndex } from '../key-index.js';
import { nullConstant, type Node } from '../node.js';
import { dense, isNullConstant, type Operand } from '../operand.js';

const BOOL: DataType = { kind: 'bool' };

/** Three-valued `and` / `or`. The right operand is evaluated only for rows that the left does not decide. */
export class Connective implements Node {
  readonly type: DataType = BOOL;
  constructor(readonly op: 'and' | 'or', readonly args: readonly Node[]) {}

  evaluate(frame: Frame): Operand {
    return this.#from(frame, 0);
  }
  #from(frame: Frame, at: number): Operand {
    const left = this.args[at]!.evaluate(frame);
    if (at + 1 === this.args.length || frame.rows === 0) return left;
    const or = this.op === 'or' ? 1 : 0;
    if (left.constant) return this.#afterConstant(frame, left, at, or);
    const open = frame.take(frame.rows * 4);
    const count = this.#undecided(frame, left, or, open);
    if (count === 0) return left;
    const narrow = frame.narrow(count, open);
    const right = this.#from(narrow, at + 1);
    return narrow === frame ? this.#combine(frame, left, right, or) : this.#merge(frame, left, narrow, right, open, or);
  }
  #afterConstant(frame: Frame, left: Operand, at: number, or: number): Operand {
    if (!isNullConstant(left)) return frame.tools.heap.u8[left.data] === or ? left : this.#from(frame, at + 1);
    return this.#combine(frame, left, this.#from(frame, at + 1), or);
  }

  /** Elements that the left operand leaves open: those it does not make false (`and`) or true (`or`). */
  #undecided(frame: Frame, left: Operand, or: number, out: number): number {
    const { kernels, rows, tools } = frame;
    if (or === 1 || left.valid === 0) return kernels.selectBytes(rows, left.data, left.valid, or ^ 1, tools.steps, out);
    const notFalse = frame.take(rows);
    kernels.logic3(1, rows, left.data, 1, 0, this.#isNull(frame, left), 1, 0, notFalse, 0);
    return kernels.selectBytes(rows, notFalse, 0, 1, tools.steps, out);
  }
  #isNull(frame: Frame, operand: Operand): number {
    const out = frame.take(frame.rows);
    frame.kernels.notBytes(frame.rows, operand.valid, out);
    return out;
  }

  #combine(frame: Frame, left: Operand, right: Operand, or: number): Operand {
    const constant = left.constant && right.constant;
    const rows = constant ? 1 : frame.rows;
    const out = frame.take(rows);
    const outValid = left.valid === 0 && right.valid === 0 ? 0 : frame.take(rows);
    const step = (operand: Operand): number => (operand.constant ? 0 : 1);
    frame.kernels.logic3(or, rows, left.data, step(left), left.valid, right.data, step(right), right.valid, out, outValid);
    const settled = constant && outValid !== 0 && frame.tools.heap.u8[outValid] === 1 ? 0 : outValid;
    return { ...dense('bool', out, settled), constant };
  }
  /** The right operand's elements put where they belong, the deciding value elsewhere. */
  #merge(frame: Frame, left: Operand, narrow: Frame, right: Operand, positions: number, or: number): Operand {
    const { rows, kernels, tools } = frame;
    const data = frame.take(rows);
    tools.heap.u8.fill(or, data, data + rows);
    kernels.scatter8(narrow.rows, positions, right.data, right.constant ? 0 : 1, data);
    let valid = 0;
    if (right.valid !== 0) {
      valid = frame.take(rows);
      tools.heap.u8.fill(1, valid, valid + rows);
      kernels.scatter8(narrow.rows, positions, right.valid, right.constant ? 0 : 1, valid);
    }
    return this.#combine(frame, left, dense('bool', data, valid), or);
  }
}

export class Not implements Node {
  readonly type: DataType = BOOL;
  constructor(readonly arg: Node) {}
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (isNullConstant(arg)) return arg;
    const rows = arg.constant ? 1 : frame.rows;
    const out = frame.take(rows);
    frame.kernels.notBytes(rows, arg.data, out);
    return { ...arg, data: out };
  }
}

export class NullTest implements Node {
  readonly type: DataType = BOOL;
  constructor(readonly arg: Node, readonly wantNull: boolean) {}
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (arg.constant || arg.valid === 0) return { ...constantBool(frame, isNullConstant(arg) === this.wantNull), constant: true };
    if (!this.wantNull) return dense('bool', arg.valid);
    const out = frame.take(frame.rows);
    frame.kernels.notBytes(frame.rows, arg.valid, out);
    return dense('bool', out);
  }
}
function constantBool(frame: Frame, value: boolean): Operand {
  const data = frame.take(1);
  frame.tools.heap.u8[data] = value ? 1 : 0;
  return dense('bool', data);
}

/** `arg IN (…)` over a hashed set of constants. */
export class Membership implements Node {
  readonly type: DataType = BOOL;
  constructor(readonly arg: Node, readonly set: KeyIndex, readonly negated: boolean) {}
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (isNullConstant(arg)) return nullConstant(frame.tools, 'bool');
    const rows = arg.constant ? 1 : frame.rows;
    const numbers = this.set.probe(frame, arg);
    const out = frame.take(rows);
    frame.kernels.foundBytes(rows, numbers, this.negated ? 1 : 0, out);
    return { ...dense('bool', out, arg.valid), constant: arg.constant };
  }
}
