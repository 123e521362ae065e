import type { HeapViews } from './heap-views.js';

/** Dense vectors moved through positions (u32). The number in a name is the width of an element in bits. */
export interface GatherKernels {
  /** out[i] = data[positions[i]]. */
  gather8(rows: number, positions: number, data: number, out: number): void;
  gather32(rows: number, positions: number, data: number, out: number): void;
  gather64(rows: number, positions: number, data: number, out: number): void;
  /** out[positions[i]] = element i of `data`; `stride` in bytes, 0 for a constant. */
  scatter8(rows: number, positions: number, data: number, stride: number, out: number): void;
  scatter32(rows: number, positions: number, data: number, stride: number, out: number): void;
  scatter64(rows: number, positions: number, data: number, stride: number, out: number): void;
  /** `rows` times the element at `data`. */
  fill8(rows: number, data: number, out: number): void;
  fill32(rows: number, data: number, out: number): void;
  fill64(rows: number, data: number, out: number): void;
  /** out[i] = values[i] + offset, u32. May write 16 bytes past the end. */
  offset32(rows: number, values: number, offset: number, out: number): void;
}

export const gatherTwins = (heap: HeapViews): GatherKernels => {
  const gather = (view: Uint8Array | Uint32Array) => (rows: number, positions: number, data: number, out: number): void => {
    const from = data / view.BYTES_PER_ELEMENT, to = out / view.BYTES_PER_ELEMENT;
    for (let row = 0; row < rows; row++) view[to + row] = view[from + heap.u32[(positions >>> 2) + row]!]!;
  };
  const scatter = (view: Uint8Array | Uint32Array) => (rows: number, positions: number, data: number, stride: number, out: number): void => {
    const width = view.BYTES_PER_ELEMENT;
    for (let row = 0; row < rows; row++) view[out / width + heap.u32[(positions >>> 2) + row]!] = view[(data + row * stride) / width]!;
  };
  return {
    gather8: gather(heap.u8),
    gather32: gather(heap.u32),
    gather64(rows, positions, data, out) {
      for (let row = 0; row < rows; row++) heap.i64[(out >>> 3) + row] = heap.i64[(data >>> 3) + heap.u32[(positions >>> 2) + row]!]!;
    },
    scatter8: scatter(heap.u8),
    scatter32: scatter(heap.u32),
    scatter64(rows, positions, data, stride, out) {
      for (let row = 0; row < rows; row++) heap.i64[(out >>> 3) + heap.u32[(positions >>> 2) + row]!] = heap.i64[(data + row * stride) >>> 3]!;
    },
    fill8(rows, data, out) { heap.u8.fill(heap.u8[data]!, out, out + rows); },
    fill32(rows, data, out) { heap.u32.fill(heap.u32[data >>> 2]!, out >>> 2, (out >>> 2) + rows); },
    fill64(rows, data, out) { heap.i64.fill(heap.i64[data >>> 3]!, out >>> 3, (out >>> 3) + rows); },
    offset32(rows, values, offset, out) {
      for (let row = 0; row < rows; row++) heap.u32[(out >>> 2) + row] = heap.u32[(values >>> 2) + row]! + offset;
    },
  };
};
