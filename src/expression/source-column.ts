import type { Field } from '../plan/types.js';
import type { Frame } from './frame.js';
import type { Node } from './node.js';
import { dense, type Operand } from './operand.js';

/** The kinds of `loadIntegers` and `selectIntegers`. */
const INTEGER_KIND: Readonly<Record<string, number>> = {
  int8: 0, int16: 1, int32: 2, int64: 3, uint8: 4, uint16: 5, uint32: 6, uint64: 3, date: 2, timestamp: 3, decimal: 3,
};
export const CODE_WIDTH: Readonly<Record<'int8' | 'int16' | 'int32', number>> = { int8: 1, int16: 2, int32: 4 };
/** Bytes per row at `values`; 0 for bits and for text. */
export function valueWidth({ type }: Field): number {
  switch (type.kind) {
    case 'bool': case 'utf8': case 'binary': return 0;
    case 'int8': case 'uint8': return 1;
    case 'int16': case 'uint16': return 2;
    case 'int32': case 'uint32': case 'float32': case 'date': return 4;
    case 'dictionary': return CODE_WIDTH[type.index];
    default: return 8;
  }
}

/** A column of the batch, loaded once per selection; with no selection and the right layout, the column itself. */
export class SourceColumn implements Node {
  readonly integerKind: number | undefined;
  constructor(readonly index: number, readonly field: Field) {
    this.integerKind = INTEGER_KIND[field.type.kind];
  }
  get type(): Field['type'] { return this.field.type; }

  evaluate(frame: Frame): Operand {
    return frame.recall(this) ?? frame.remember(this, this.#load(frame));
  }

  #load(frame: Frame): Operand {
    const { rows, selection, kernels } = frame;
    const column = frame.chunk.columns[this.index]!;
    let valid = 0;
    if (column.validity !== 0) kernels.loadBits(rows, selection, column.validity, valid = frame.take(rows));
    switch (this.type.kind) {
      case 'bool': {
        const out = frame.take(rows);
        kernels.loadBits(rows, selection, column.values, out);
        return dense('bool', out, valid);
      }
      case 'utf8': case 'binary': {
        const out = frame.take(rows * 8);
        kernels.loadText(rows, selection, column.values, column.offsets, valid, out);
        return dense('bytes', out, valid);
      }
      case 'dictionary': {
        if (column.codeWidth === 4 && selection === 0 && valid === 0) return dense('code', column.values, 0, column.dictionary);
        const out = frame.take(rows * 4);
        kernels.loadCodes(column.codeWidth, rows, selection, column.values, column.validity, 0, out);
        return dense('code', out, valid, column.dictionary);
      }
      case 'float32': {
        const out = frame.take(rows * 8);
        kernels.loadFloats(rows, selection, column.values, out);
        return dense('f64', out, valid);
      }
      default: return this.#loadWide(frame, column.values, valid);
    }
  }

  #loadWide(frame: Frame, values: number, valid: number): Operand {
    const { rows, selection, kernels } = frame;
    const cls = this.type.kind === 'float64' ? 'f64' : 'i64';
    const kind = this.integerKind ?? 3;
    if (selection === 0 && kind === 3) return dense(cls, values, valid);
    const out = frame.take(rows * 8);
    if (kind === 3) kernels.gather64(rows, selection, values, out);
    else kernels.loadIntegers(kind, rows, selection, values, out);
    return dense(cls, out, valid);
  }
}
