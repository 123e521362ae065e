import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEAST_PAGES, Word, word } from '../../src/heap/control.ts';
import { HashedTable } from '../../src/state/hashed-table.ts';
import { PARTITION_WORDS, PartitionWord, SLAB_BYTES, TableWord } from '../../src/state/table-layout.ts';
import { testHeap } from '../support/heap.ts';
import { byteKeys, wordKeys } from '../support/keys.ts';
import { Random } from '../support/random.ts';
import { renew, stateHeap, stateIn, type StateHeap } from '../support/state-heap.ts';

/** Two heaps that see the same calls, one with the Wasm kernels and one with their twins, so that they must hold the same bytes. */
const bases = { wasm: testHeap(LEAST_PAGES), twins: testHeap(LEAST_PAGES) };
const pair = (regionBits: number): StateHeap[] => (['wasm', 'twins'] as const).map(kind => {
  const { heap } = bases[kind];
  renew(heap);
  return stateHeap(kind, regionBits, LEAST_PAGES, bases[kind]);
});
const sameHeaps = ([a, b]: StateHeap[]): void => {
  const [ours, theirs] = [a!.heap.u8, b!.heap.u8];
  if (Buffer.compare(ours, theirs) !== 0) expect.fail(`the heaps differ at ${ours.findIndex((byte, at) => byte !== theirs[at])}`);
};
const template = ({ heap, scratch }: StateHeap, bytes: number): number => {
  const at = scratch.take(bytes);
  for (let byte = 0; byte < bytes; byte++) heap.u8[at + byte] = byte ^ 0x5a;
  return at;
};

const key = fc.oneof(fc.constant(null), fc.bigInt(-30n, 30n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
const text = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 40 }), fc.constantFrom(new Uint8Array(300), new Uint8Array(301), new Uint8Array(70_000)));
const batches = <T>(of: fc.Arbitrary<T>) => fc.array(fc.record({ keys: fc.array(of, { maxLength: 120, size: 'max' }), every: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 5 });
const setup = { cellBytes: fc.constantFrom(8, 16, 24, 72, 256, 264, 1000), regionBits: fc.integer({ min: 0, max: 6 }), expected: fc.constantFrom(0, 1, 26, 27, 60, 500, 100_000), late: fc.boolean() };

function checkTable<T>(drawn: { batches: { keys: (T | null)[]; every: number }[]; cellBytes: number; regionBits: number; expected: number; late: boolean }, lay: (on: StateHeap, keys: (T | null)[]) => ReturnType<typeof wordKeys>, identity: (key: T) => string): void {
  const heaps = pair(drawn.regionBits);
  const tables = heaps.map(({ heap, kernels, blocks }) => HashedTable.create(heap, kernels, blocks, drawn.regionBits, drawn.cellBytes, drawn.late ? 0 : drawn.expected));
  if (drawn.late) for (const table of tables) table.expect(drawn.expected);
  const templates = heaps.map(on => template(on, drawn.cellBytes));
  const model = new Map<string, number>();
  for (const { keys, every } of drawn.batches) {
    // Some rows only: the elements at every n-th place.
    const elements = keys.map((_key, element) => element).filter(element => element % every === 0);
    const slots = heaps.map((on, which) => {
      const laid = lay(on, keys);
      const [positions, out] = [on.scratch.take(elements.length * 4), on.scratch.take(elements.length * 4)];
      on.heap.u32.set(elements, positions >>> 2);
      tables[which]!.upsert(elements.length, every === 1 ? 0 : positions, laid, out, templates[which]!);
      return Array.from(on.heap.u32.subarray(out >>> 2, (out >>> 2) + elements.length));
    });
    sameHeaps(heaps);
    expect(slots[0]).toEqual(slots[1]);
    elements.forEach((element, row) => {
      const name = keys[element] === null ? 'null' : identity(keys[element] as T);
      // An address, once given, stays; a new one is nobody else's.
      if (!model.has(name)) expect([...model.values()]).not.toContain(slots[0]![row]);
      expect(slots[0]![row]).toBe(model.get(name) ?? slots[0]![row]);
      model.set(name, slots[0]![row]!);
    });
  }
  const [{ heap }, table] = [heaps[0]!, tables[0]!];
  expect(table.cells).toBe(model.size);
  expect(table.nullCell).toBe(model.get('null') ?? 0);
  for (const address of model.values()) expect(Array.from(heap.u8.subarray(address + 8, address + drawn.cellBytes)).every((byte, at) => byte === (((at + 8) ^ 0x5a) & 0xff))).toBe(true);
  checkCollected(heaps, tables, model, drawn.regionBits);
  tables.forEach(each => each.free());
  heaps.forEach(on => expect(stateIn(on.heap)).toEqual([0, 0]));
}

/** Taking the entries out by hash gives each cell but that of null once, whatever the bits. */
function checkCollected(heaps: StateHeap[], tables: HashedTable[], model: ReadonlyMap<string, number>, bits: number): void {
  const wanted = [...model].filter(([name]) => name !== 'null').map(([, address]) => address).sort((a, b) => a - b);
  const lists = heaps.map(({ heap, kernels, scratch }, which) => {
    const found: number[] = [];
    tables[which]!.eachPartition((entries, buckets) => {
      const [hashes, cells] = [scratch.take(buckets * 32), scratch.take(buckets * 32)];
      for (let value = 0; value < 1 << bits; value++) {
        const count = kernels.collectEntries(entries, buckets, bits, value, hashes, cells);
        found.push(...heap.u32.subarray(cells >>> 2, (cells >>> 2) + count));
      }
    });
    return found;
  });
  expect(lists[0]).toEqual(lists[1]);
  expect(lists[0]!.sort((a, b) => a - b)).toEqual(wanted);
}

test('a table of words is a map', () => {
  fc.assert(fc.property(fc.record({ batches: batches(key), ...setup }), drawn => checkTable<bigint>(drawn, wordKeys, String)), { numRuns: 25 });
});
test('a table of bytes is a map', () => {
  fc.assert(fc.property(fc.record({ batches: batches(text), ...setup }), drawn => checkTable<Uint8Array>(drawn, byteKeys, bytes => Buffer.from(bytes).toString('hex'))), { numRuns: 25 });
});

test('a table of as many groups as were expected does not grow', () => {
  const on = pair(0)[0]!;
  const table = HashedTable.create(on.heap, on.kernels, on.blocks, 0, 32, 500);
  const [index] = partitionsOf(table);
  const state = stateIn(on.heap);
  table.upsert(500, 0, wordKeys(on, Array.from({ length: 500 }, (_, value) => BigInt(value))), on.scratch.take(2000), template(on, 32));
  expect(partitionsOf(table)).toEqual([index]);
  expect(stateIn(on.heap)).toEqual(state);
});
const partitionsOf = (table: HashedTable): { entries: number; buckets: number }[] => {
  const found: { entries: number; buckets: number }[] = [];
  table.eachPartition((entries, buckets) => found.push({ entries, buckets }));
  return found;
};

test('keys of one hash are told apart', () => {
  const heaps = pair(0);
  const on = heaps[0]!;
  const table = HashedTable.create(on.heap, on.kernels, on.blocks, 0, 16);
  const keys = wordKeys(on, Array.from({ length: 100 }, (_, value) => BigInt(value)));
  on.heap.u32.fill(0xdeadbeef, keys.hashes >>> 2, (keys.hashes >>> 2) + 100);
  const slots = on.scratch.take(400);
  table.upsert(100, 0, keys, slots, template(on, 16));
  expect(new Set(on.heap.u32.slice(slots >>> 2, (slots >>> 2) + 100)).size).toBe(100);
});

test('a table that is cleared again and again takes no more, and knows nothing of before', () => {
  const on = pair(0)[0]!;
  const table = HashedTable.create(on.heap, on.kernels, on.blocks, 0, 16);
  const start = template(on, 16);
  const taken: number[][] = [];
  for (let round = 0; round < 12; round++) {
    const mark = on.scratch.mark();
    const keys = wordKeys(on, [null, ...Array.from({ length: 1500 }, (_, key) => BigInt(round * 1000 + key))]);
    table.upsert(1501, 0, keys, on.scratch.take(1501 * 4), start);
    expect(table.cells).toBe(1501);
    taken.push(stateIn(on.heap));
    table.clear();
    expect([table.cells, table.nullCell]).toEqual([0, 0]);
    on.scratch.release(mark);
  }
  expect(taken.slice(1)).toEqual(taken.slice(0, -1));
});

test('an index whose keys are nearly all in its last part splits that part again', () => {
  const on = stateHeap('wasm', 0, 400);
  const table = HashedTable.create(on.heap, on.kernels, on.blocks, 0, 16);
  const COUNT = 130_000;
  const keys = wordKeys(on, Array.from({ length: COUNT }, (_, key) => BigInt(key)));
  for (let row = 0; row < COUNT; row++) on.heap.u32[(keys.hashes >>> 2) + row]! |= row % 1000 === 0 ? 0 : 0x8000_0000;
  const start = template(on, 16);
  const [slots, again] = [on.scratch.take(COUNT * 4), on.scratch.take(COUNT * 4)];
  table.upsert(COUNT, 0, keys, slots, start);
  table.upsert(COUNT, 0, keys, again, start);
  expect(on.heap.u32[(table.address >>> 2) + TableWord.depth]).toBeGreaterThan(1);
  expect(table.cells).toBe(COUNT);
  expect(Buffer.compare(on.heap.u8.subarray(slots, slots + COUNT * 4), on.heap.u8.subarray(again, again + COUNT * 4))).toBe(0);
});

test('a table of 400,000 groups splits its index and allocates no more than a slab at once', { timeout: 30_000 }, () => {
  const GROUPS = 400_000;
  const STEP = 20_000;
  for (const kind of ['wasm', 'twins'] as const) {
    const on = stateHeap(kind, 3, 900);
    const { heap, kernels, blocks, scratch } = on;
    const table = HashedTable.create(heap, kernels, blocks, 3, 16);
    const start = template(on, 16);
    const addresses = new Map<number, number>();
    const random = new Random(7);
    for (let from = 0; from < GROUPS; from += STEP) {
      const mark = scratch.mark();
      const slots = scratch.take(STEP * 4);
      // Half of the keys are new; a hash's top bits are the region's, and alike.
      const numbers = Array.from({ length: STEP }, (_, row) => (row % 2 ? from + row : random.below(from + 1)));
      const keys = wordKeys(on, numbers.map(BigInt));
      table.upsert(STEP, 0, keys, slots, start);
      numbers.forEach((number, row) => {
        const slot = heap.u32[(slots >>> 2) + row]!;
        if ((addresses.get(number) ?? slot) !== slot) throw new Error(`the cell of ${number} moved`);
        addresses.set(number, slot);
      });
      scratch.release(mark);
    }
    expect(table.cells).toBe(addresses.size);
    expect(new Set(addresses.values()).size).toBe(addresses.size);
    for (const [number, address] of addresses) if (heap.i64[address >>> 3] !== BigInt(number)) throw new Error(`the cell of ${number} is another's`);
    const word0 = table.address >>> 2;
    expect(heap.u32[word0 + TableWord.depth]).toBeGreaterThan(0);
    let entries = 0;
    table.eachPartition((_entries, buckets) => expect(buckets * 64).toBeLessThanOrEqual(SLAB_BYTES));
    for (let partition = 0; partition < heap.u32[word0 + TableWord.partitionCount]!; partition++) {
      entries += heap.u32[(heap.u32[word0 + TableWord.partitions]! >>> 2) + partition * PARTITION_WORDS + PartitionWord.count]!;
    }
    expect(entries).toBe(addresses.size);
    table.free();
    expect(stateIn(heap)).toEqual([0, 0]);
    expect(heap.u32[word(Word.batchPages)]).toBe(0);
  }
});

test('state that is full is an error, and what was there can still be freed', () => {
  const on = stateHeap('wasm', 0, LEAST_PAGES);
  on.heap.u32[word(Word.stateLimitPages)] = 12;
  const table = HashedTable.create(on.heap, on.kernels, on.blocks, 0, 64);
  const keys = wordKeys(on, Array.from({ length: 40_000 }, (_, value) => BigInt(value)));
  expect(() => table.upsert(40_000, 0, keys, on.scratch.take(160_000), template(on, 64))).toThrow(expect.objectContaining({ code: 'STATE_FULL' }));
  table.free();
  expect(stateIn(on.heap)).toEqual([0, 0]);
});

test('warm touches all of a table that fits the cache, and only where many rows are to come', () => {
  const [on] = pair(2) as [StateHeap, StateHeap];
  const touched: [from: number, until: number][] = [];
  const kernels = { ...on.kernels, touchLines: (from: number, bytes: number) => touched.push([from, from + bytes]) };
  const table = HashedTable.create(on.heap, kernels, on.blocks, 2, 32);
  const fill = (from: number, count: number): number[] => {
    const mark = on.scratch.mark();
    const [keys, slots] = [wordKeys(on, Array.from({ length: count }, (_, key) => BigInt(from + key))), on.scratch.take(count * 4)];
    table.upsert(count, 0, keys, slots, template(on, 32));
    const cells = Array.from(on.heap.u32.subarray(slots >>> 2, (slots >>> 2) + count));
    on.scratch.release(mark);
    return cells;
  };
  const cells = fill(0, 5000);
  table.warm(10);
  expect(touched).toEqual([]);
  table.warm(5000);
  const isTouched = (at: number, bytes: number): boolean => touched.some(([from, until]) => from <= at && at + bytes <= until);
  for (const cell of cells) if (!isTouched(cell, 32)) expect.fail(`the cell at ${cell} is cold`);
  table.eachPartition((entries, buckets) => expect(isTouched(entries, buckets * 64)).toBe(true));
  for (let from = 5000; from < 100_000; from += 5000) fill(from, 5000);
  touched.length = 0;
  table.warm(1_000_000);
  expect(touched).toEqual([]);
});
