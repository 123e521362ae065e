import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heap, HEAP_END, Layout, same } from '../support/images.ts';
import { bytes, column, float, int64, place, property } from './support.ts';

/** words, hash, compose, partition, event times: vectors of keys and times. */
const wide = column(int64);
const hashes = column(fc.oneof(fc.nat(0xffff_ffff), fc.nat(3)));
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

property('words', { values: wide, floats: column(float), value: fc.nat(0xffff_ffff) }, ({ chunk, values, floats, value }, layout) => {
  const rows = chunk.elements;
  const { valid } = place(layout, { ...chunk, valid: chunk.valid ?? chunk.cells.map(cell => cell & 1) });
  const [data, reals, out] = [layout.i64(values), layout.f64(floats), layout.take(rows * 8)];
  same(layout, k => k.fillWords(rows, value, out));
  same(layout, k => k.widenBytes(rows, data, out));
  same(layout, k => k.widenCodes(rows, data, out));
  same(layout, k => k.floatKeys(rows, reals, out));
  floats.slice(0, rows).forEach((float, row) => expect(heap.u64[(out >>> 3) + row]).toBe(Number.isNaN(float) ? 0x7ff8000000000000n : new BigUint64Array(new Float64Array([float + 0]).buffer)[0]));
  same(layout, k => k.narrowWords(rows, data, out));
  same(layout, k => k.clearInvalid(rows, valid, out));
  same(layout, k => k.clearBytes(rows * 3, out));
  expect(heap.u8.subarray(out, out + rows * 3).every(byte => byte === 0)).toBe(true);
});

test('every NaN is one key', () => {
  const layout = new Layout();
  const data = layout.i64([0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0x7fffffffffffffffn, 0xffffffffffffffffn]);
  const out = layout.take(40);
  same(layout, k => k.floatKeys(5, data, out));
  expect(new Set(heap.u64.slice(out >>> 3, (out >>> 3) + 5))).toEqual(new Set([0x7ff8000000000000n]));
});

describe('hash', () => {
  property('words and bytes', { values: wide, texts: column(bytes), seed: int64 }, ({ chunk, values, texts, seed }, layout) => {
    const [data, views, out] = [layout.i64(values), layout.views(texts), layout.take(chunk.elements * 4)];
    same(layout, k => k.hashWords(chunk.elements, data, seed, out));
    same(layout, k => k.hashBytes(chunk.elements, views, seed, out));
  });

  property('wide, of words, floats and bytes', { values: wide, floats: column(float), texts: column(bytes) }, ({ chunk, values, floats, texts }, layout) => {
    const { positions } = place(layout, chunk);
    const [data, reals, views, out] = [layout.i64(values), layout.f64(floats), layout.views(texts), layout.take(chunk.elements * 8)];
    same(layout, k => k.wideHashWords(chunk.rows, positions, data, 0, out));
    same(layout, k => k.wideHashWords(chunk.rows, positions, reals, 1, out));
    same(layout, k => k.wideHashBytes(chunk.elements, views, out));
  });

  test('strings of 0 to 40 bytes, as near to the end of the heap as may be, whatever follows them', () => {
    for (let length = 0; length <= 40; length++) {
      const seen = new Set<number>();
      for (const filler of [0, 0xff]) {
        for (let gap = length % 8 === 0 ? 0 : 8 - (length % 8); gap < 8; gap++) {
          const layout = new Layout();
          const at = HEAP_END - length - gap;
          heap.u8.fill(filler, at - 16, HEAP_END);
          for (let byte = 0; byte < length; byte++) heap.u8[at + byte] = byte * 7 + 1;
          const views = layout.u32([at, length]);
          const out = layout.take(4);
          same(layout, k => k.hashBytes(1, views, 7n, out));
          seen.add(heap.u32[out >>> 2]!);
        }
      }
      expect(seen.size, `length ${length}`).toBe(1);
    }
  });
});

describe('compose', () => {
  property('keys come back as they were', { values: wide, texts: column(bytes), bits: column(fc.boolean()) }, ({ chunk, values, texts, bits }, layout) => {
    const rows = chunk.elements;
    const fixedValid = layout.u8([...bits.map(Number), 0]);
    const { valid } = place(layout, chunk);
    const [fixed, views] = [layout.i64(values), layout.views(texts)];
    const [sizes, keys, cursors, back, present] = [layout.take(rows * 4), layout.take(rows * 8), layout.take(rows * 4), layout.take(rows * 8), layout.take(rows)];
    const base = layout.take(rows * 72);
    same(layout, k => k.fillWords(rows, 16, sizes));
    same(layout, k => k.composeSizes(rows, views, valid, sizes));
    const total = same(layout, k => k.sumWords(rows, sizes));
    same(layout, k => k.composeViews(rows, sizes, base, keys, cursors));
    same(layout, k => k.composeFixed(rows, fixed, fixedValid, 1n, keys, cursors));
    same(layout, k => k.composeBytes(rows, views, valid, 1n << 62n, keys, cursors));
    const ends = Array.from({ length: rows }, (_, row) => heap.u32[(keys >>> 2) + row * 2]! + heap.u32[(keys >>> 2) + row * 2 + 1]!);
    expect(Array.from(heap.u32.subarray(cursors >>> 2, (cursors >>> 2) + rows))).toEqual(ends);
    if (rows > 0) expect(ends.at(-1)).toBe(base + total);
    same(layout, k => k.splitStart(rows, keys, cursors));
    const found = same(layout, k => k.splitFixed(rows, keys, 1n, cursors, back, present));
    expect(found).toBe(bits.slice(0, rows).filter(Boolean).length);
    for (let row = 0; row < rows; row++) expect(heap.i64[(back >>> 3) + row]).toBe(bits[row] ? BigInt.asIntN(64, values[row]!) : 0n);
    same(layout, k => k.splitBytes(rows, keys, 1n << 62n, cursors, back, present));
    for (let row = 0; row < rows; row++) {
      const [address, length] = [heap.u32[(back >>> 2) + row * 2]!, heap.u32[(back >>> 2) + row * 2 + 1]!];
      expect(heap.u8.slice(address, address + length)).toEqual(chunk.valid === null || chunk.valid[row] ? texts[row] : new Uint8Array(0));
      expect(heap.u8.subarray(address + length, address + ((length + 7) & ~7)).every(byte => byte === 0)).toBe(true);
    }
  });
  property('views of codes', { lengths: column(fc.nat(20)) }, ({ chunk, lengths }, layout) => {
    let end = 0;
    const offsets = layout.u32([0, ...lengths.slice(0, 7).map(length => (end += length))]);
    const [codes, out] = [layout.u32(chunk.cells), layout.take(chunk.elements * 8)];
    same(layout, k => k.viewsOfCodes(chunk.elements, codes, offsets, 4096, out));
  });
});

/** Counts become places of the first; returns the sum. */
function toStarts(counts: number, parts: number): number {
  let start = 0;
  for (let part = counts >>> 2; part < (counts >>> 2) + parts; part++) {
    const count = heap.u32[part]!;
    heap.u32[part] = start;
    start += count;
  }
  return start;
}

describe('partition', () => {
  property('by hash', { hashes, bits: fc.integer({ min: 0, max: 8 }) }, ({ chunk, hashes: drawn, bits }, layout) => {
    const { positions } = place(layout, chunk);
    const [at, counts, out] = [layout.u32(drawn), layout.u32(zeros(256)), layout.take(chunk.rows * 4)];
    same(layout, k => k.countByHash(chunk.rows, positions, at, bits, counts));
    const start = toStarts(counts, 256);
    expect(start).toBe(chunk.rows);
    same(layout, k => k.scatterByHash(chunk.rows, positions, at, bits, counts, out));
    const elements = Array.from(heap.u32.subarray(out >>> 2, (out >>> 2) + chunk.rows));
    const expected = [...(chunk.positions ?? elements.map((_, element) => element))].sort((a, b) => (bits === 0 ? 0 : (drawn[a]! >>> (32 - bits)) - (drawn[b]! >>> (32 - bits))) || a - b);
    expect(elements).toEqual(expected);
  });
  property('places by hash', { hashes, bits: fc.integer({ min: 0, max: 8 }) }, ({ chunk, hashes: drawn, bits }, layout) => {
    const { positions } = place(layout, chunk);
    const [at, counts, places] = [layout.u32(drawn), layout.u32(zeros(256)), layout.take(chunk.rows * 4)];
    same(layout, k => k.countByHash(chunk.rows, positions, at, bits, counts));
    toStarts(counts, 256);
    same(layout, k => k.placeByHash(chunk.rows, positions, at, bits, counts, places));
    const found = Array.from(heap.u32.subarray(places >>> 2, (places >>> 2) + chunk.rows));
    const part = (row: number): number => (bits === 0 ? 0 : drawn[chunk.positions?.[row] ?? row]! >>> (32 - bits));
    const sorted = found.map((_place, row) => row).sort((a, b) => part(a) - part(b) || a - b);
    expect(sorted.map(row => found[row])).toEqual(sorted.map((_row, order) => order));
  });
  property('lines are read where they are', { hashes }, ({ chunk, hashes: drawn }, layout) => {
    const at = layout.u32(drawn);
    let sum = 0;
    same(layout, k => { sum = k.touchLines(at, chunk.rows * 4); return sum; });
    expect(sum).toBe(Array.from({ length: Math.ceil(chunk.rows / 16) }, (_, line) => drawn[line * 16]!).reduce((total, word) => (total + word) | 0, 0));
  });
});

const equalSlices = { spans: column(fc.bigInt(0n, 999n)), base: fc.constantFrom(0n, -500n, -(2n ** 63n), 2n ** 63n - 1000n), size: fc.constantFrom(1n, 7n, 100n, 1000n) };

property('numbers of equal slices', equalSlices, ({ chunk, spans, base, size }, layout) => {
  const { positions } = place(layout, chunk);
  const [times, counts, numbers] = [layout.i64(spans.map(span => base + span)), layout.u32(zeros(1000)), layout.take(chunk.elements * 4)];
  same(layout, k => k.numberBySlice(chunk.rows, positions, times, base, size, numbers, counts));
  const of = (element: number): number => Number(spans[element]! / size);
  const elements = chunk.positions ?? Array.from({ length: chunk.rows }, (_, row) => row);
  expect(elements.map(element => heap.u32[(numbers >>> 2) + element])).toEqual(elements.map(of));
  expect(heap.u32[(counts >>> 2) + of(elements[0] ?? 0)]).toBe(elements.filter(element => of(element) === of(elements[0]!)).length);
});

property('cells of rows of several slices', { ...equalSlices, codes: column(fc.integer({ min: 0, max: 50 })), valid: column(fc.boolean()), ways: fc.record({ keyed: fc.boolean(), nulls: fc.boolean(), near: fc.boolean(), repeats: fc.integer({ min: 1, max: 9 }) }) }, ({ chunk, spans, base, size, codes, valid, ways }, layout) => {
  // More rows than a loop takes at once.
  const elements = chunk.elements * ways.repeats;
  const repeated = <T>(of: T[]): T[] => Array.from({ length: elements }, (_, element) => of[element % of.length]!);
  const [allCodes, allValid] = [repeated(codes), repeated(valid)];
  // Nearly all in one slice, or anywhere.
  const near = repeated(spans).map((span, element) => (ways.near && element % 5 ? spans[0]! : span));
  const [times, counts, numbers, runs] = [layout.i64(near.map(span => base + span)), layout.u32(zeros(1000)), layout.take(elements * 4), layout.u32(zeros(1000).map((_zero, slice) => slice * 4000))];
  const [codesAt, validAt] = [ways.keyed ? layout.u32(allCodes) : 0, ways.keyed && ways.nulls ? layout.u8(allValid.map(Number)) : 0];
  const [byNumber, byTime] = [layout.take(elements * 4), layout.take(elements * 4)];
  const wanted = near.map((span, element) => Number(span / size) * 4000 + (ways.keyed && !(ways.nulls && !allValid[element]) ? allCodes[element]! + 1 : 0) * 24);
  const found = (slots: number): number[] => Array.from(heap.u32.subarray(slots >>> 2, (slots >>> 2) + elements));
  same(layout, k => k.numberBySlice(elements, 0, times, base, size, numbers, counts));
  same(layout, k => k.slotsByNumber(elements, numbers, runs, codesAt, validAt, 24, byNumber));
  expect(found(byNumber)).toEqual(wanted);
  for (const usual of [Number((near[0] ?? 0n) / size), 0]) {
    const [strays, straySlots, spare] = [layout.take(elements * 4), layout.take(elements * 4), 5];
    let count = 0;
    same(layout, k => { count = k.slotsByTime(elements, times, base, size, usual, runs, codesAt, validAt, 24, byTime, spare, strays, straySlots); return count; });
    expect(found(byTime)).toEqual(wanted.map((slot, element) => (Number(near[element]! / size) === usual ? slot : spare)));
    const listed = Array.from({ length: count }, (_, stray) => [heap.u32[(strays >>> 2) + stray]!, heap.u32[(straySlots >>> 2) + stray]!] as const);
    const elsewhere = wanted.flatMap((slot, element) => (Number(near[element]! / size) === usual ? [] : [[element, slot] as const]));
    expect(listed.sort(([a], [b]) => a - b)).toEqual(elsewhere);
  }
});

test('rows on both sides of a boundary have their cells where a quotient is rounded', () => {
  // Times 1 / size, these boundaries come out a little less than they are; a time just before the great ones has no float of its own.
  const rounded = Array.from({ length: 2000 }, (_, index) => index + 1).filter(size => [1, 2, 3, 5, 7, 11, 13, 15].some(slice => Math.trunc(slice * size * (1 / size)) < slice)).map(BigInt);
  expect(rounded.length).toBeGreaterThan(50);
  for (const size of [...rounded, 2n ** 56n + 1n, 2n ** 58n]) {
    const layout = new Layout();
    const spans = Array.from({ length: 15 }, (_, slice) => [BigInt(slice + 1) * size - 1n, BigInt(slice + 1) * size]).flat();
    // 64 rows at once, and those that are left.
    const rows = [...spans, ...spans, ...spans];
    const [times, runs, slots] = [layout.i64(rows.map(span => span - 5n)), layout.u32(Array.from({ length: 17 }, (_, slice) => slice * 4000)), layout.take(rows.length * 4)];
    const [strays, straySlots] = [layout.take(rows.length * 4), layout.take(rows.length * 4)];
    let count = 0;
    same(layout, k => { count = k.slotsByTime(rows.length, times, -5n, size, 7, runs, 0, 0, 24, slots, 1, strays, straySlots); return count; });
    const found = Array.from(heap.u32.subarray(slots >>> 2, (slots >>> 2) + rows.length));
    for (let stray = 0; stray < count; stray++) {
      expect(found[heap.u32[(strays >>> 2) + stray]!]).toBe(1);
      found[heap.u32[(strays >>> 2) + stray]!] = heap.u32[(straySlots >>> 2) + stray]!;
    }
    expect(found, String(size)).toEqual(rows.map(span => Number(span / size) * 4000));
  }
});

property('by boundaries, and by numbers', { times: wide, drawn: fc.array(int64, { maxLength: 20 }) }, ({ chunk, times, drawn }, layout) => {
  const { positions } = place(layout, chunk);
  const boundaries = [...new Set([-(2n ** 63n), ...drawn, ...times.slice(0, 3)])].sort((a, b) => (a < b ? -1 : 1));
  const [at, list, counts, again] = [layout.i64(times), layout.i64(boundaries), layout.u32(zeros(boundaries.length)), layout.u32(zeros(boundaries.length))];
  const [numbers, out] = [layout.take(chunk.elements * 4), layout.take(chunk.rows * 4)];
  same(layout, k => k.numberByBoundaries(chunk.rows, positions, at, list, boundaries.length, numbers, counts));
  same(layout, k => k.countByNumber(chunk.rows, positions, numbers, again));
  expect(heap.u32.slice(again >>> 2, (again >>> 2) + boundaries.length)).toEqual(heap.u32.slice(counts >>> 2, (counts >>> 2) + boundaries.length));
  expect(toStarts(counts, boundaries.length)).toBe(chunk.rows);
  same(layout, k => k.scatterByNumber(chunk.rows, positions, numbers, counts, out));
  const numberOf = (element: number): number => boundaries.findLastIndex(boundary => boundary <= times[element]!);
  const elements = chunk.positions ?? Array.from({ length: chunk.elements }, (_, element) => element);
  expect(Array.from(heap.u32.subarray(out >>> 2, (out >>> 2) + chunk.rows))).toEqual([...elements].sort((a, b) => numberOf(a) - numberOf(b) || a - b));
});

/** As most are: after 1970, and before long. */
const recent = fc.bigInt(0n, 2n ** 52n - 1n);
property('event times', { times: fc.oneof(wide, column(recent)), bound: fc.oneof(int64, recent), bits: column(fc.boolean()) }, ({ chunk, times, bound, bits }, layout) => {
  const rows = chunk.elements;
  const [at, out] = [layout.i64(times), layout.take(rows * 8 + 16)];
  const { positions } = place(layout, chunk);
  if (rows > 0) {
    same(layout, k => k.minMax(rows, at, out));
    const sorted = times.slice(0, rows).sort((a, b) => (a < b ? -1 : 1));
    expect([heap.i64[out >>> 3], heap.i64[(out >>> 3) + 1]]).toEqual([sorted[0], sorted.at(-1)]);
  }
  const validity = layout.u8(Array.from({ length: 8 }, (_, byte) => bits.slice(byte * 8, byte * 8 + 8).reduce((sum, bit, index) => sum | (Number(bit) << index), 0)));
  same(layout, k => k.minMaxValid(rows, at, validity, out));
  // There is room for one more, whose contents are nobody's.
  const clean = (found: number): number => { heap.u8.fill(0, out + found * 4, out + rows * 4 + 4); return found; };
  for (const limit of [bound, 0n, times[0]!, -(2n ** 63n), 2n ** 63n - 1n]) same(layout, k => clean(k.rowsBelow(rows, at, limit, out)));
  same(layout, k => k.gatherTimes(chunk.rows, positions, 0, at, out));
  same(layout, k => k.gatherTimes(rows - (rows && 1), 0, rows && 1, at, out));
  same(layout, k => k.daysToMs(rows, at, out));
});
