import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import { nullConstant, type Node } from '../node.js';
import { classOf, dense, isNullConstant, WIDTH, type Operand } from '../operand.js';

/** The elements of a frame that one branch has a value for. `positions` 0: all of them. */
interface Piece {
  readonly rows: number;
  readonly positions: number;
  readonly value: Operand;
}

/** Elements still without a value, as positions in `whole`. */
class Remainder {
  constructor(readonly whole: Frame, readonly frame: Frame, readonly positions: number) {}
  static of(whole: Frame): Remainder { return new Remainder(whole, whole, 0); }

  /** Of a choice among the remaining elements. */
  narrow(count: number, chosen: number): Remainder {
    if (count === this.frame.rows) return this;
    let positions = chosen;
    if (this.positions !== 0) {
      positions = this.whole.take(count * 4);
      this.whole.kernels.gather32(count, chosen, this.positions, positions);
    }
    // narrowing the whole, not the last remainder: what any wider frame knows is one step away
    return new Remainder(this.whole, this.whole.narrow(count, positions), positions);
  }
  /** Splits by a byte per element (1, and `valid` 1, is wanted). */
  split(data: number, valid: number): [wanted: Remainder, others: Remainder] {
    const { kernels, tools, rows } = this.frame;
    const wanted = this.whole.take(rows * 4), others = this.whole.take(rows * 4);
    const count = kernels.selectBytes(rows, data, valid, 1, tools.steps, wanted);
    return [this.narrow(count, wanted), this.narrow(kernels.selectBytes(rows, data, valid, 0, tools.steps, others), others)];
  }
}

/** Puts the pieces together; elements in none of them are null. */
function assemble(frame: Frame, type: DataType, pieces: readonly Piece[]): Operand {
  const filled = pieces.filter(piece => piece.rows > 0);
  const only = filled[0];
  if (only !== undefined && filled.length === 1 && only.positions === 0) return only.value;
  const coded = only !== undefined && filled.every(({ value }) => value.cls === 'code' && value.dictionary === only.value.dictionary);
  const cls = coded ? 'code' : classOf(type) === 'code' ? 'bytes' : classOf(type);
  const { rows, kernels, tools } = frame;
  const width = WIDTH[cls];
  const data = frame.take(rows * width), valid = frame.take(rows);
  tools.heap.u8.fill(0, data, data + rows * width);
  tools.heap.u8.fill(0, valid, valid + rows);
  let nulls = false, covered = 0;
  for (const piece of filled) {
    const value = valueOf(frame, piece, coded);
    const step = value.constant ? 0 : width;
    if (width === 8) kernels.scatter64(piece.rows, piece.positions, value.data, step, data);
    else if (width === 4) kernels.scatter32(piece.rows, piece.positions, value.data, step, data);
    else kernels.scatter8(piece.rows, piece.positions, value.data, step, data);
    nulls ||= value.valid !== 0;
    covered += piece.rows;
    if (value.valid === 0) kernels.scatter8(piece.rows, piece.positions, oneByte(frame), 0, valid);
    else kernels.scatter8(piece.rows, piece.positions, value.valid, value.constant ? 0 : 1, valid);
  }
  return dense(cls, data, nulls || covered < rows ? valid : 0, coded ? only!.value.dictionary : 0);
}
function valueOf(frame: Frame, piece: Piece, coded: boolean): Operand {
  if (coded || piece.value.cls !== 'code') return piece.value;
  const { heap } = frame.tools;
  const { value, rows } = piece;
  const out = frame.take(rows * 8);
  const block = value.dictionary >>> 2;
  frame.kernels.loadTextOfCodes(value.constant ? 1 : rows, value.data, value.valid, heap.u32[block + 1]!, heap.u32[block + 2]!, out);
  return { ...value, cls: 'bytes', data: out, dictionary: 0 };
}
function oneByte(frame: Frame): number {
  const at = frame.take(1);
  frame.tools.heap.u8[at] = 1;
  return at;
}

/** The first branch whose condition is true, evaluated only for its own rows; so are later conditions. */
export class Case implements Node {
  constructor(readonly type: DataType, readonly branches: readonly { readonly when: Node; readonly then: Node }[], readonly otherwise: Node) {}

  evaluate(frame: Frame): Operand {
    const pieces: Piece[] = [];
    let rest = Remainder.of(frame);
    for (const { when, then } of this.branches) {
      const condition = when.evaluate(rest.frame);
      if (condition.constant) {
        if (isNullConstant(condition) || frame.tools.heap.u8[condition.data] === 0) continue;
        pieces.push(piece(rest, then));
        return assemble(frame, this.type, pieces);
      }
      const [chosen, others] = rest.split(condition.data, condition.valid);
      if (chosen.frame.rows > 0) pieces.push(piece(chosen, then));
      rest = others;
      if (rest.frame.rows === 0) break;
    }
    if (rest.frame.rows > 0) pieces.push(piece(rest, this.otherwise));
    return assemble(frame, this.type, pieces);
  }
}
const piece = (of: Remainder, node: Node): Piece => ({ rows: of.frame.rows, positions: of.positions, value: node.evaluate(of.frame) });

/** The first value that is not null; later ones are evaluated only where all before are null. */
export class Coalesce implements Node {
  constructor(readonly type: DataType, readonly args: readonly Node[]) {}

  evaluate(frame: Frame): Operand {
    const pieces: Piece[] = [];
    let rest = Remainder.of(frame);
    for (const arg of this.args) {
      if (rest.frame.rows === 0 && pieces.length > 0) break;
      const value = arg.evaluate(rest.frame);
      if (isNullConstant(value)) continue;
      if (value.constant || value.valid === 0) {
        pieces.push({ rows: rest.frame.rows, positions: rest.positions, value });
        return assemble(frame, this.type, pieces);
      }
      const [known, others] = rest.split(value.valid, 0);
      if (known.frame.rows > 0) {
        const kept = known === rest ? value : known.frame.compact(value, positionsIn(rest, value));
        pieces.push({ rows: known.frame.rows, positions: known.positions, value: kept });
      }
      rest = others;
    }
    if (pieces.length === 0) return nullConstant(frame.tools, classOf(this.type));
    return assemble(frame, this.type, pieces);
  }
}
/** Positions, among the remaining elements, of those that are not null. */
function positionsIn(rest: Remainder, value: Operand): number {
  const { frame } = rest;
  const out = frame.take(frame.rows * 4);
  frame.kernels.selectBytes(frame.rows, value.valid, 0, 1, frame.tools.steps, out);
  return out;
}
