import type { Heap, Scratch } from '../heap/heap.js';
import type { Kernels } from '../../native-free-kernels/load.js';
import type { Arena } from './arena.js';
import type { FaultCode } from './stateless-stage.js';
import { gathered, WIDTH, type Operand } from './operand.js';

/** What writes constants to the heap. */
export interface HeapTools {
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** Lives as long as the stage, or as what is written. */
  readonly arena: Arena;
}
/** What every node of a stage works with. */
export interface Tools extends HeapTools {
  /** Table of the select kernels. */
  readonly steps: number;
  /** 64 zero bytes. */
  readonly zeros: number;
}

/** A column of a batch, its addresses moved to the first row of the chunk. `validity` is 0 where no row is null. */
export interface ChunkColumn {
  readonly values: number;
  readonly validity: number;
  readonly offsets: number;
  readonly dictionary: number;
  /** Bytes per dictionary code. */
  readonly codeWidth: number;
}
export interface Fault {
  readonly code: FaultCode;
  readonly detail?: string;
}

/** The rows taken through the stage at once, numbered from 0. Each can fault once: the first reason stays. */
export class Chunk {
  readonly faults: Map<number, Fault> = new Map();
  constructor(readonly tools: Tools, readonly scratch: Scratch, readonly columns: readonly ChunkColumn[]) {}
}

/**
 * A selection of a chunk's rows and what has been computed for it. A frame made by `narrow` keeps some elements of its parent:
 * what the parent has computed is compacted for it when asked for, never computed again.
 */
export class Frame {
  readonly #known = new Map<object, Operand>();
  constructor(
    readonly chunk: Chunk,
    readonly rows: number,
    /** u32 row numbers in the chunk, ascending; 0: element i is row i. */
    readonly selection: number,
    readonly parent: Frame | null = null,
    /** u32 elements of the parent. */
    readonly positions: number = 0,
  ) {}

  get tools(): Tools { return this.chunk.tools; }
  get kernels(): Kernels { return this.chunk.tools.kernels; }

  take(bytes: number): number { return this.chunk.scratch.take(bytes); }

  /** The frame of `count` of the elements; this one if that is all of them. */
  narrow(count: number, positions: number): Frame {
    if (count === this.rows) return this;
    let selection = positions;
    if (this.selection !== 0) {
      selection = this.take(count * 4);
      this.kernels.gather32(count, positions, this.selection, selection);
    }
    return new Frame(this.chunk, count, selection, this, positions);
  }

  /** What `key` was evaluated to, here or in a wider frame. */
  recall(key: object): Operand | undefined {
    const known = this.#known.get(key);
    if (known !== undefined || this.parent === null) return known;
    const wider = this.parent.recall(key);
    if (wider === undefined) return undefined;
    return this.remember(key, this.compact(wider, this.positions));
  }
  remember(key: object, operand: Operand): Operand {
    this.#known.set(key, operand);
    return operand;
  }

  /** The elements of a wider frame's vector at `positions`. */
  compact(operand: Operand, positions: number): Operand {
    if (operand.constant) return operand;
    return { ...operand, data: this.gather(WIDTH[operand.cls], operand.data, positions), valid: operand.valid && this.gather(1, operand.valid, positions) };
  }
  gather(width: number, data: number, positions: number): number {
    return gathered(this.kernels, this.chunk.scratch, width, this.rows, positions, data);
  }

  rowOf(element: number): number {
    return this.selection === 0 ? element : this.tools.heap.u32[(this.selection >>> 2) + element]!;
  }
  fault(element: number, code: FaultCode, detail?: string): void {
    const row = this.rowOf(element);
    if (!this.chunk.faults.has(row)) this.chunk.faults.set(row, detail === undefined ? { code } : { code, detail });
  }
  hasFaulted(element: number): boolean {
    return this.chunk.faults.size > 0 && this.chunk.faults.has(this.rowOf(element));
  }
  /** Faults the elements with a 1 in `bad` that are not null; every element, if `constant`. */
  faultWhere(bad: number, constant: boolean, valid: number, code: FaultCode): void {
    const { u8 } = this.tools.heap;
    for (let element = 0; element < this.rows; element++) {
      const at = constant ? 0 : element;
      if (u8[bad + at] === 1 && (valid === 0 || u8[valid + at] === 1)) this.fault(element, code);
    }
  }
  /** Without the rows that have faulted. */
  withoutFaulted(): Frame {
    if (this.chunk.faults.size === 0) return this;
    const kept = this.take(this.rows * 4), to = kept >>> 2;
    let count = 0;
    for (let element = 0; element < this.rows; element++) {
      if (!this.chunk.faults.has(this.rowOf(element))) this.tools.heap.u32[to + count++] = element;
    }
    return this.narrow(count, kept);
  }
}
