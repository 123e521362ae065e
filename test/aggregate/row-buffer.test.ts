import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileAggregate } from '../../src/aggregate/compile.ts';
import { RowBuffer } from '../../src/aggregate/row-buffer.ts';
import { LEAST_PAGES } from '../../src/heap/control.ts';
import type { Vector } from '../../src/expression/vector.ts';
import type { Slice } from '../../src/state/region.ts';
import type { JobLayout } from '../../src/worker/job-layout.ts';
import { agg, col, field } from '../support/plans.ts';
import { testHeap } from '../support/heap.ts';
import { HASH_SEED, wordKeys } from '../support/keys.ts';
import { renew, stateHeap } from '../support/state-heap.ts';

const base = testHeap(LEAST_PAGES);
const { heap } = base;
const [id, value, good] = [field('id', 'int64'), field('value', 'int64'), field('good', 'bool')];
const compiledOf = (aggregates: Parameters<typeof compileAggregate>[0]['aggregates']) =>
  compileAggregate({ keys: [{ name: 'id', expression: col(id) }], window: { kind: 'global' }, aggregates, accept: 0, emit: { when: 'close', earlyMs: null } }, false);
const jobOf = (regionBits: number) => ({ workers: 1, regionBits, hashSeed: HASH_SEED }) as unknown as JobLayout;
const SLICES: readonly Slice[] = [{ start: 0n, end: 10n }, { start: 10n, end: 20n }];

const rowOf = fc.record({ key: fc.option(fc.bigInt(-50n, 50n)), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), good: fc.boolean() });
const batch = fc.record({ rows: fc.array(rowOf, { maxLength: 200, size: 'max' }), every: fc.integer({ min: 1, max: 3 }), slice: fc.constantFrom(0, 1), masked: fc.boolean(), nulls: fc.boolean() });

/** A row as it went in or came out: slice, key, hash, what is summed, whether it takes part in the sum. */
type Seen = readonly [slice: bigint, key: bigint | null, hash: number, value: bigint, good: boolean];

test('gives each row to its region, with all that its cell reads of it, in order', () => fc.assert(fc.property(
  fc.array(batch, { maxLength: 5 }), fc.integer({ min: 0, max: 5 }), fc.constantFrom('wasm' as const, 'twins' as const), (batches, regionBits, kind) => {
    renew(heap);
    const on = stateHeap(kind, regionBits, LEAST_PAGES, base);
    const { scratch } = on;
    const compiled = compiledOf([agg('rows', 'count'), agg('total', 'sum', col(value), col(good))]);
    const buffer = new RowBuffer(on, compiled, jobOf(regionBits));
    const place = (name: string) => compiled.inputs.findIndex(input => input.op === 'column' && input.name === name);
    const sum = compiled.states.findIndex(state => state.primitive === 'sumSigned');
    const wanted = Array.from({ length: 1 << regionBits }, (): Seen[] => []);
    for (const { rows, every, slice, masked, nulls } of batches) {
      const mark = scratch.mark();
      const keys = wordKeys(on, rows.map(({ key }) => (nulls ? key : key ?? 0n)));
      const [data, mask] = [scratch.take(rows.length * 8), scratch.take(rows.length)];
      rows.forEach((row, element) => {
        heap.i64[(data >>> 3) + element] = row.value;
        heap.u8[mask + element] = Number(row.good);
      });
      const elements = rows.map((_row, element) => element).filter(element => element % every === 0);
      const positions = scratch.take(elements.length * 4);
      heap.u32.set(elements, positions >>> 2);
      const vectors = compiled.inputs.map((_input, input): Vector => ({ cls: 'i64', data: input === place('value') ? data : 0, valid: 0, dictionary: 0 }));
      const given = { ...keys, valid: nulls ? keys.valid : 0 };
      if (elements.length === 0) continue;
      expect(buffer.takes(elements.length, given) && buffer.hasRoom(elements.length)).toBe(true);
      buffer.add(SLICES[slice]!, 7 + slice, vectors, every === 1 ? 0 : positions, elements.length, given, { at: state => (masked && state === sum ? mask : 0) });
      for (const element of elements) {
        const row = rows[element]!;
        const hash = heap.u32[(keys.hashes >>> 2) + element]!;
        const region = regionBits === 0 ? 0 : hash >>> (32 - regionBits);
        wanted[region]!.push([SLICES[slice]!.start, nulls ? row.key : row.key ?? 0n, hash, row.value, masked ? row.good : true]);
      }
      // What it copied is its own.
      heap.u8.fill(0xa5, data, data + rows.length * 8);
      heap.u8.fill(0xa5, keys.data, keys.data + rows.length * 8);
      scratch.release(mark);
    }
    expect(buffer.isEmpty).toBe(wanted.every(rows => rows.length === 0));
    wanted.forEach((rows, region) => {
      const seen: Seen[] = [];
      buffer.eachPart(region, (slice, dictionary, part) => {
        expect(dictionary).toBe(7 + SLICES.indexOf(slice));
        const mask = part.masks.at(sum);
        expect(part.masks.at(compiled.states.findIndex(state => state.primitive === 'count'))).toBe(0);
        for (let row = 0; row < part.rows; row++) {
          const isNull = part.keys.valid !== 0 && heap.u8[part.keys.valid + row] === 0;
          seen.push([
            slice.start, isNull ? null : heap.i64[(part.keys.data >>> 3) + row]!, heap.u32[(part.keys.hashes >>> 2) + row]!,
            heap.i64[(part.vectors[place('value')]!.data >>> 3) + row]!, mask === 0 || heap.u8[mask + row] === 1,
          ]);
        }
      });
      expect(seen).toEqual(rows);
      expect(buffer.rowsOf(region)).toBe(rows.length);
    });
    buffer.clear();
    expect([buffer.isEmpty, buffer.rowsOf(0)]).toEqual([true, 0]);
  }), { numRuns: 60 }));

test('takes only so many rows, of keys and states that are words', () => {
  renew(heap);
  const on = stateHeap('wasm', 4, LEAST_PAGES, base);
  const words = wordKeys(on, [1n]);
  const counting = new RowBuffer(on, compiledOf([agg('rows', 'count')]), jobOf(4));
  expect(counting.takes(1, words)).toBe(true);
  expect(counting.takes(1, { ...words, kind: 'bytes' })).toBe(false);
  expect(counting.takes(10_000_000, words)).toBe(false);
  for (const refused of [agg('one', 'first', col(value)), agg('one', 'min', col(field('text', 'utf8'))), agg('one', 'countDistinct', col(value)), agg('one', 'mostFrequent', col(value))]) {
    expect(new RowBuffer(on, compiledOf([agg('rows', 'count'), refused]), jobOf(4)).takes(1, words), refused.fn).toBe(false);
  }
});

test('has room for no more than it has memory', () => {
  renew(heap);
  const on = stateHeap('wasm', 4, LEAST_PAGES, base);
  const compiled = compiledOf([agg('rows', 'count'), agg('total', 'sum', col(value))]);
  const buffer = new RowBuffer(on, compiled, jobOf(4));
  const rows = 1000;
  const keys = { ...wordKeys(on, Array.from({ length: rows }, (_, row) => BigInt(row))), valid: 0 };
  const vectors = compiled.inputs.map((): Vector => ({ cls: 'i64', data: keys.data, valid: 0, dictionary: 0 }));
  let added = 0;
  for (; buffer.hasRoom(rows); added += rows) buffer.add(SLICES[0]!, 0, vectors, 0, rows, keys, { at: () => 0 });
  expect(added).toBeGreaterThan(rows);
  // Every row is still there: nothing was written over another.
  const counts = new Map<bigint, number>();
  for (let region = 0; region < 16; region++) {
    buffer.eachPart(region, (_slice, _dictionary, part) => {
      for (const key of heap.i64.subarray(part.keys.data >>> 3, (part.keys.data >>> 3) + part.rows)) counts.set(key, (counts.get(key) ?? 0) + 1);
    });
  }
  expect(counts.size).toBe(rows);
  expect(new Set(counts.values())).toEqual(new Set([added / rows]));
});
