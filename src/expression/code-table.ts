import type { VectorClass } from './vector.js';
import type { Frame, HeapTools } from './frame.js';
import { dense, WIDTH, type Operand } from './operand.js';

/** A code table as plain data, good for any thread. */
export interface CodeTableData {
  readonly cls: VectorClass;
  readonly base: number;
  readonly validBase: number;
  readonly capacity: number;
  readonly hasNulls: boolean;
  readonly noneIsNull: boolean;
  readonly dictionary: number;
}

/** A value per code, in the heap; code -1 stands for "none" and has an entry too, before the others. Grows without losing entries. */
export class CodeTable {
  #base = 0;
  #validBase = 0;
  #capacity = 0;
  /** Some entry of a code is null. */
  hasNulls = false;
  /** The entry of -1 is null. */
  noneIsNull = true;

  constructor(readonly tools: HeapTools, readonly cls: VectorClass, /** For class `code`. */ public dictionary: number = 0) {}

  /** The same memory; REQUIRES: whoever wrote it keeps it, and nobody lets it grow. */
  static over(tools: HeapTools, { cls, base, validBase, capacity, hasNulls, noneIsNull, dictionary }: CodeTableData): CodeTable {
    const table = new CodeTable(tools, cls, dictionary);
    table.#base = base;
    table.#validBase = validBase;
    table.#capacity = capacity;
    table.hasNulls = hasNulls;
    table.noneIsNull = noneIsNull;
    return table;
  }
  get plain(): CodeTableData {
    const { cls, hasNulls, noneIsNull, dictionary } = this;
    return { cls, base: this.#base, validBase: this.#validBase, capacity: this.#capacity, hasNulls, noneIsNull, dictionary };
  }

  /** Address of entry 0. */
  get data(): number { return this.#base + 8; }
  get valid(): number { return this.#validBase + 8; }

  reserve(count: number): void {
    if (count <= this.#capacity && this.#base !== 0) return;
    const { allocator } = this.tools.arena;
    const capacity = Math.max(16, count, Math.min(this.#capacity * 2, count + 65_536));
    const width = WIDTH[this.cls];
    const base = allocator.allocate(8 + capacity * width + 64), validBase = allocator.allocate(8 + capacity + 64);
    if (this.#base !== 0) {
      const { u8 } = this.tools.heap;
      u8.copyWithin(base, this.#base, this.#base + 8 + this.#capacity * width);
      u8.copyWithin(validBase, this.#validBase, this.#validBase + 8 + this.#capacity);
      this.free();
    }
    this.#base = base;
    this.#validBase = validBase;
    this.#capacity = capacity;
  }
  free(): void {
    if (this.#base === 0) return;
    this.tools.arena.allocator.free(this.#base);
    this.tools.arena.allocator.free(this.#validBase);
    this.#base = 0;
  }

  /** The entry of the one int32 code at `code`, as a constant. */
  mapOne(frame: Frame, code: number): Operand {
    const one = this.map(frame, 4, 0, code, true, 1);
    const isNull = one.valid !== 0 && this.tools.heap.u8[one.valid] === 0;
    return { ...one, valid: isNull ? frame.tools.zeros : 0, constant: true };
  }
  /** The entries of codes of `width` bytes, through `selection` (0: none); `mayMiss`: there may be codes of -1. */
  map(frame: Frame, width: number, selection: number, codes: number, mayMiss: boolean, rows: number = frame.rows): Operand {
    const { kernels } = frame;
    const bytes = WIDTH[this.cls];
    const out = frame.take(rows * bytes);
    if (bytes === 8) kernels.mapCodes64(width, rows, selection, codes, this.data, out);
    else if (bytes === 4) kernels.mapCodes32(width, rows, selection, codes, this.data, out);
    else kernels.mapCodes8(width, rows, selection, codes, this.data, out);
    let valid = 0;
    if (this.hasNulls || (mayMiss && this.noneIsNull)) kernels.mapCodes8(width, rows, selection, codes, this.valid, valid = frame.take(rows));
    return dense(this.cls, out, valid, this.dictionary);
  }
}
