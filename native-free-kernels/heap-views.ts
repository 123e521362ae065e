/// <reference path="./webassembly.d.ts" />
/**
 * The one shared memory of an engine, seen as typed arrays. Addresses are byte offsets; 0 means none. Every address that is an
 * operand of an n-byte load is n-byte aligned. Views are made once per thread.
 */
export class HeapViews {
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;

  constructor(readonly memory: WebAssembly.Memory) {
    const buffer = memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.i8 = new Int8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i16 = new Int16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }
}

/** Gives out memory of the heap. Addresses are 64-byte aligned. Throws `MillraceError` HEAP_FULL. */
export interface Allocator {
  allocate(bytes: number): number;
  free(address: number): void;
}

/** Bump allocation for one thread's working vectors: everything is given back at once by `reset`. */
export interface Scratch {
  /** 16-byte aligned; contents undefined. Writing up to 16 bytes past the end is allowed (for SIMD tails). */
  take(bytes: number): number;
}
