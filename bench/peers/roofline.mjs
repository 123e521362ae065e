import asc from 'assemblyscript/asc';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/**
 * Two measures of the machine. `pass` reads every byte of the columns of `ysb` once and adds it up, with SIMD, in as many threads: who looks at
 * all of the three columns cannot be faster than memory delivers them. `arithmetic` is a loop in registers, split over the threads, that shares nothing and
 * waits for nothing: what it gains by a second thread is what the processors have to give to such work.
 */
const SOURCE = `
export function sumI8(at: usize, rows: u32): i64 {
  let sums = i32x4.splat(0), end = at + (rows & ~15);
  const rest = rows & 15;
  for (; at < end; at += 16) sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v128.load(at))));
  let sum: i64 = lanes(sums);
  for (let i: u32 = 0; i < rest; i++) sum += load<i8>(at + i);
  return sum;
}
export function sumI16(at: usize, rows: u32): i64 {
  let sums = i32x4.splat(0), end = at + ((rows & ~7) << 1);
  const rest = rows & 7;
  for (; at < end; at += 16) sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(v128.load(at)));
  let sum: i64 = lanes(sums);
  for (let i: u32 = 0; i < rest; i++) sum += load<i16>(at + (i << 1));
  return sum;
}
export function sumI64(at: usize, rows: u32): i64 {
  let a = i64x2.splat(0), b = i64x2.splat(0), end = at + ((rows & ~3) << 3);
  const rest = rows & 3;
  for (; at < end; at += 32) { a = i64x2.add(a, v128.load(at)); b = i64x2.add(b, v128.load(at, 16)); }
  a = i64x2.add(a, b);
  let sum: i64 = i64x2.extract_lane(a, 0) + i64x2.extract_lane(a, 1);
  for (let i: u32 = 0; i < rest; i++) sum += load<i64>(at + (i << 3));
  return sum;
}
export function arithmetic(steps: u32): i64 {
  let a: i64 = 1, b: i64 = 2, c: i64 = 3, d: i64 = 4, e: i64 = 5, f: i64 = 6;
  for (let i: u32 = 0; i < steps; i++) {
    const step = <i64>i;
    a += step; b ^= step; c -= step; d += step; e ^= step; f -= step;
  }
  return a ^ b ^ c ^ d ^ e ^ f;
}
// @ts-ignore: decorator
@inline function lanes(sums: v128): i64 {
  return <i64>i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
}
`;

async function compile() {
  const { binary, error, stderr } = await asc.compileString(SOURCE, {
    importMemory: true, sharedMemory: true, noExportMemory: true, initialMemory: 1, maximumMemory: 65536, runtime: 'stub', noAssert: true, optimizeLevel: 3, enable: ['simd', 'threads'],
  });
  if (error) throw new Error(stderr.toString());
  return new WebAssembly.Module(binary);
}

/** `columns`: typed arrays over `memory`'s buffer. The promise of a pass gives the sum of each column. */
export async function openRoofline(memory, columns, threads = Math.min(2, availableParallelism())) {
  const workerData = { module: await compile(), memory, columns: columns.map(({ byteOffset, length, BYTES_PER_ELEMENT }) => ({ byteOffset, length, bytes: BYTES_PER_ELEMENT })) };
  const workers = Array.from({ length: threads }, (_, part) => new Worker(new URL('./roofline-worker.mjs', import.meta.url), { workerData: { ...workerData, part, parts: threads } }));
  const ask = (worker, question) => new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(question);
  });
  const askAll = async question => {
    const parts = await Promise.all(workers.map(worker => ask(worker, question)));
    for (const worker of workers) worker.removeAllListeners('error');
    return parts;
  };
  return {
    async pass() {
      const parts = await askAll('pass');
      return columns.map((_, i) => parts.reduce((sum, part) => sum + part[i], 0n));
    },
    arithmetic: () => askAll('arithmetic'),
    close: () => Promise.all(workers.map(worker => worker.terminate())),
  };
}
