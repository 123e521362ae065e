import { expect, test } from 'vitest';
import type { Kernels } from '../../native-free-kernels/load.ts';
import { JoinLog } from '../../src/join/join-log.ts';
import { LogIndex } from '../../src/join/log-index.ts';
import { LOG_BYTES } from '../../src/join/log-layout.ts';
import { stateHeap, stateIn } from '../support/state-heap.ts';

/** What a log forgets, and what it costs to find that out. */
const ENTRY_BYTES = 32;
const SHIFT = 5;
const ROWS_PER_BLOCK = (8 << SHIFT) / ENTRY_BYTES;
const FAR = 1_000_000n;

function emptyLog() {
  const thread = stateHeap('wasm', 0, 1024);
  const { heap, blocks, scratch } = thread;
  let looks = 0;
  const kernels: Kernels = { ...thread.kernels, bytesSince: (...args) => (looks++, thread.kernels.bytesSince(...args)) };
  const tools = { heap, kernels, scratch, limits: { shift: SHIFT, relinkAfter: 2 ** 31, leastBuckets: 2 } };
  const address = blocks.allocate(LOG_BYTES);
  const index = new LogIndex(tools, blocks, [address], true);
  const log = new JoinLog(tools, blocks, address, index);
  log.format();
  return {
    log, heap,
    looks: () => looks,
    append(times: readonly bigint[]): void {
      scratch.reset();
      const rows = times.length;
      const [candidates, keys, words, hashes, addresses] = [scratch.take(rows * 4), scratch.take(rows * 8), scratch.take(rows * 8), scratch.take(rows * 4), scratch.take(rows * 4)];
      thread.kernels.iota(rows, 0, candidates);
      heap.i64.set(times, keys >>> 3);
      heap.i64.set(times, words >>> 3);
      thread.kernels.hashWords(rows, keys, 1n, hashes);
      log.append({ rows, candidates, keys, times: words, hashes, sizes: 0, entryBytes: ENTRY_BYTES }, addresses);
    },
    free(): void {
      log.free();
      index.free();
      blocks.free(address, LOG_BYTES);
    },
  };
}

test('rows of far-off times do not hold what lies around them', () => {
  const { log, heap, append, free } = emptyLog();
  const LIVE = 64n;
  let far = 0;
  for (let now = 0n; now < 8_000n; now += 8n) {
    // In one block of eight, where the first look may not fall.
    const isFar = now % 256n === 0n;
    append(Array.from({ length: 8 }, (_, row) => (isFar && row === 0 ? FAR : now + BigInt(row))));
    far += Number(isFar);
    log.forget(now - LIVE);
    // Twice of what lives, and as much again before it is looked at, and blocks that are not full.
    expect(log.rows).toBeLessThanOrEqual(4 * (Number(LIVE) + 8 + far) + 8 * ROWS_PER_BLOCK);
  }
  log.forget(FAR + 1n);
  expect(log.rows).toBe(0);
  free();
  expect(stateIn(heap)[1]).toBe(0);
});

test('a log of which nothing is gone is hardly looked at', () => {
  const { log, looks, append } = emptyLog();
  const BLOCKS = 2000;
  for (let block = 0; block < BLOCKS; block++) {
    append(Array.from({ length: ROWS_PER_BLOCK }, (_, row) => BigInt(block * ROWS_PER_BLOCK + row)));
    log.forget(0n);
  }
  expect(log.rows).toBe(BLOCKS * ROWS_PER_BLOCK);
  expect(looks()).toBeGreaterThan(0);
  expect(looks()).toBeLessThan(BLOCKS / 2);
});
