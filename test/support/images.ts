import { expect } from 'vitest';
import type { Kernels } from '../../native-free-kernels/load.ts';
import { testHeap } from './heap.ts';

/**
 * Kernels against their twins by images of memory: both start from the same bytes and must leave the same bytes, in their outputs and
 * everywhere else.
 */
const PAGES = 6;
const { heap, wasm, twins } = testHeap(PAGES);
const FIRST = 65_536;
const END = PAGES * 65_536;
const before = new Uint8Array(END - FIRST);
const after = new Uint8Array(END - FIRST);

export { heap };
export const HEAP_END: number = END;

/** Lays inputs one behind the other; what lies between and behind them is filled with a pattern. */
export class Layout {
  private top = FIRST;
  /** Bytes that a kernel may write as it likes, beyond what it was asked for. */
  readonly slack: [from: number, to: number][] = [];
  /** Floats whose NaNs may differ in their bits. */
  readonly floats: [from: number, count: number][] = [];

  constructor() {
    heap.u8.fill(0xa7, FIRST, END);
  }
  /** Room for `bytes`, 16-aligned, of which the 16 bytes that follow are nobody's. */
  take(bytes: number): number {
    const at = this.top;
    this.top = (at + bytes + 31) & ~15;
    if (this.top > END) throw new Error('an image is too small');
    return at;
  }
  u8(values: readonly number[]): number { const at = this.take(values.length); heap.u8.set(values, at); return at; }
  u32(values: readonly number[]): number { const at = this.take(values.length * 4); heap.u32.set(values, at >>> 2); return at; }
  i64(values: readonly bigint[]): number { const at = this.take(values.length * 8); heap.u64.set(values.map(value => BigInt.asUintN(64, value)), at >>> 3); return at; }
  f64(values: readonly number[]): number { const at = this.take(values.length * 8); heap.f64.set(values, at >>> 3); return at; }
  /** (address, length) pairs, and the bytes they are of. */
  views(values: readonly Uint8Array[]): number {
    const bytes = this.take(values.reduce((sum, value) => sum + value.length, 0) + 8);
    let at = bytes;
    return this.u32(values.flatMap(value => {
      heap.u8.set(value, at);
      at += value.length;
      return [at - value.length, value.length];
    }));
  }
}

/** Runs both on the same image; the results and the images that they leave must be equal. Leaves that of the twin. */
export function same(layout: Layout, call: (kernels: Kernels) => number | void): number {
  before.set(heap.u8.subarray(FIRST, END));
  const given = run(layout, wasm, call);
  after.set(heap.u8.subarray(FIRST, END));
  heap.u8.set(before, FIRST);
  const wanted = run(layout, twins, call);
  expect(given).toBe(wanted);
  const found = heap.u8.subarray(FIRST, END);
  if (Buffer.compare(found, after) !== 0) {
    const at = found.findIndex((byte, index) => byte !== after[index]);
    throw new Error(`at ${FIRST + at} the kernel leaves ${hex(after, at)}, its twin ${hex(found, at)}`);
  }
  return wanted;
}

function run({ slack, floats }: Layout, kernels: Kernels, call: (kernels: Kernels) => number | void): number {
  const result = (call(kernels) ?? 0) >>> 0;
  for (const [from, to] of slack) heap.u8.fill(0, from, to);
  for (const [from, count] of floats) {
    for (let at = from >>> 3; at < (from >>> 3) + count; at++) if (Number.isNaN(heap.f64[at]!)) heap.u64[at] = 0x7ff8000000000000n;
  }
  return result;
}
const hex = (bytes: Uint8Array, at: number): string => Buffer.from(bytes.slice(at - (at % 8), at - (at % 8) + 16)).toString('hex');
