import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heap, Layout, same } from '../support/images.ts';
import { makeLog } from './logs.ts';
import { MAX, MIN } from './support.ts';

/** Logs of joins: layouts as in src/join/log-layout.ts. */
/** A block with a key of bytes, a text, fields and flags behind the head. */
const KEY = 32, TEXT = 40, FIELD = 48, FLAG = 56, FIXED = 64;

interface Drawn { readonly key: number; readonly time: bigint; readonly text: string }
const time = fc.oneof({ weight: 6, arbitrary: fc.bigInt(-20n, 40n) }, fc.constantFrom(MIN, MAX, MIN + 5n, MAX - 5n));
const drawn: fc.Arbitrary<Drawn> = fc.record({ key: fc.nat(3), time, text: fc.string({ maxLength: 9 }) });
const entries = fc.array(drawn, { maxLength: 20 });

interface Placed { readonly rows: number; readonly candidates: number; readonly keys: number; readonly times: number; readonly hashes: number; readonly sizes: number; readonly views: number; readonly valid: number; readonly data: number; readonly flags: number }
/** Candidates in reverse order, so that a candidate is not its row. */
function place(layout: Layout, rows: readonly Drawn[]): Placed {
  const reversed = rows.toReversed();
  return {
    rows: rows.length,
    candidates: layout.u32([...rows.map((_, index) => rows.length - 1 - index), 0]),
    keys: layout.i64(reversed.map(({ key }) => BigInt(key))), times: layout.i64(reversed.map(row => row.time)), hashes: layout.u32(reversed.map(({ key }) => (key >> 1) * 0x10_0001)),
    sizes: layout.u32(rows.map(() => FIXED)), views: layout.views(reversed.map(({ text }) => Buffer.from(text))), valid: layout.u8(reversed.map(({ key }) => (key === 3 ? 0 : 1))),
    data: layout.i64(reversed.map(row => row.time * 3n)), flags: layout.u8(reversed.map(({ key }) => key & 1)),
  };
}
/** Appends rows with their texts and fields by both kernels. Returns the addresses of the entries that fitted. */
function append(layout: Layout, log: number, rows: readonly Drawn[], width: number): { addresses: number; done: number } {
  const placed = place(layout, rows);
  const { candidates, views, valid, sizes } = placed;
  const addresses = layout.take(rows.length * 4 + 4);
  const cursors = layout.u32(rows.map(() => FIXED));
  same(layout, k => k.addTextSizes(rows.length, candidates, views, 0, sizes));
  same(layout, k => k.addTextSizes(rows.length, candidates, views, valid, sizes));
  const done = same(layout, k => k.appendEntries(log, 0, rows.length, candidates, placed.keys, placed.times, placed.hashes, sizes, 0, addresses));
  same(layout, k => k.putTexts(done, addresses, KEY, candidates, views, 0, cursors));
  same(layout, k => k.putTexts(done, addresses, TEXT, candidates, views, valid, cursors));
  same(layout, k => k.putFields(width, done, addresses, FIELD, candidates, placed.data));
  same(layout, k => k.putFlags(done, addresses, FLAG, candidates, placed.flags));
  same(layout, k => k.putFlags(done, addresses, FLAG + 1, candidates, 0));
  return { addresses, done };
}

test('entries are appended, read, moved and linked anew', () => fc.assert(fc.property(entries, fc.constantFrom(300, 4000), fc.constantFrom(0, 64, 0xffff_ffc0), fc.constantFrom(1, 2, 4, 8), time, (rows, bytes, first, width, since) => {
  const layout = new Layout();
  const { log, record } = makeLog(layout, bytes, first);
  const { addresses, done } = append(layout, log, rows, width);
  const out = layout.take(rows.length * 8 + 8);
  same(layout, k => k.getFields(width, done, addresses, FIELD, out));
  same(layout, k => k.getFlags(done, addresses, FLAG, out));
  same(layout, k => k.hasEntry(done, addresses, out));
  same(layout, k => k.getTexts(done, addresses, TEXT, out));
  const texts = layout.take(rows.length * 60 + 8);
  same(layout, k => k.moveTexts(done, out, texts));
  rows.slice(0, done).forEach(({ key, text }, row) => {
    const [at, length] = heap.u32.subarray((out >>> 2) + row * 2, (out >>> 2) + row * 2 + 2);
    expect(Buffer.from(heap.u8.slice(at!, at! + length!)).toString()).toBe(key === 3 ? '' : text);
  });
  const used = heap.u32[(record >>> 2) + 1]!, block = heap.u32[record >>> 2]!;
  const list = layout.take(rows.length * 4 + 4);
  const found = same(layout, k => k.completeEntries(record, since, list));
  expect(found).toBe(rows.slice(0, done).filter(row => row.time < since).length);
  expect(same(layout, k => k.completeEntries(record, since, list))).toBe(0);
  same(layout, k => k.bytesSince(block, used, since));
  const left = same(layout, k => k.entriesSince(block, used, since, list));
  // Of those that are copied some were done.
  const more = layout.take(rows.length * 4 + 4);
  same(layout, k => k.completeEntries(record, since > MAX - 20n ? MAX : since + 20n, more));
  const other = makeLog(layout, bytes / 2, 128);
  same(layout, k => k.copyEntries(other.log, 0, left, list));
  same(layout, k => k.linkEntries(other.log, 128, heap.u32[other.record >>> 2]!, heap.u32[(other.record >>> 2) + 1]!));
}), { numRuns: 300 }));

test('a block that is not there takes nothing', () => {
  const layout = new Layout();
  const log = layout.u32(Array.from({ length: 16 }, () => 0));
  expect(same(layout, k => k.appendEntries(log, 0, 3, 0, 0, 0, 0, 0, 64, 0))).toBe(0);
  expect(same(layout, k => k.copyEntries(log, 0, 3, 0))).toBe(0);
});

/** Versions have their place in FIELD, and in FLAG whether there is no row any more. */
test('versions and left rows are put in order and taken one after another, and replace what there was', () => fc.assert(fc.property(
  fc.array(entries, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.boolean(), fc.boolean(), fc.constantFrom(-1n, 0n, 5n), fc.constantFrom(0, 0xffff_ffc0), fc.boolean(),
  (rounds, byText, canGo, outer, within, first, selected) => {
    const layout = new Layout();
    const { log, record } = makeLog(layout, 4000, first);
    const key = byText ? KEY : 0;
    const current = new Map<string, Drawn & { gone: boolean }>();
    const keyOf = ({ key: word, text }: Drawn): string => (byText ? `${word} ${text}` : String(word));
    for (const [round, drawnRows] of rounds.entries()) {
      const own = makeLog(layout, 4000, 0);
      const { addresses, done } = append(layout, own.log, drawnRows, 8);
      const versions = done >> 1;
      const selection = selected ? layout.u32(drawnRows.map((_, row) => 1000 - row)) : 0;
      const elements = layout.u32(drawnRows.map((_, row) => row));
      same(layout, k => k.putPlaces(versions, addresses, FIELD, elements, selection, 7, 1n << 48n));
      const sorted = layout.take(done * 20 + 1024);
      same(layout, k => k.sortEvents(versions, done, addresses, sorted));
      const heads = layout.u32([0, 0]);
      const [left, matches] = [layout.take(done * 4 + 4), layout.take(done * 4 + 4)];
      const gone = canGo ? FLAG : 0;
      const found = same(layout, k => k.replayVersions(log, done, addresses, heads, 1, FIELD, gone, key, key, within, outer ? 1 : 0, left, matches));
      // What it comes to, by hand.
      const all = drawnRows.slice(0, done).map((row, i) => ({ ...row, isLeft: i >= versions, place: selected ? 1000 - i : i, gone: canGo && (row.key & 1) === 1 }));
      const inOrder = all.toSorted((a, b) => (a.time !== b.time ? (a.time < b.time ? -1 : 1) : a.isLeft !== b.isLeft ? Number(a.isLeft) - Number(b.isLeft) : a.isLeft ? 0 : a.place - b.place));
      const wanted: (string | null)[] = [];
      for (const row of inOrder) {
        const old = current.get(keyOf(row));
        if (!row.isLeft) current.set(keyOf(row), row);
        else if (old !== undefined && !old.gone && (within < 0n || row.time - old.time <= within)) wanted.push(`${keyOf(row)} ${old.time}`);
        else if (outer) wanted.push(null);
      }
      const got = [...heap.u32.subarray(matches >>> 2, (matches >>> 2) + found)].map((entry, i) =>
        (entry === 0 ? null : `${keyOf({ ...textAt(heap.u32[(left >>> 2) + i]!), time: 0n })} ${heap.i64[(entry >>> 3) + 1]}`));
      expect(got, `round ${round}`).toEqual(wanted);
      const kept = layout.take(done * 4 + 4);
      const count = same(layout, k => k.retireVersions(log, heads, 1, gone, key, kept));
      const [at, position] = [heap.u32[(log >>> 2) + 4]!, heap.u32[(log >>> 2) + 3]!];
      const taken = same(layout, k => k.copyEntries(log, 0, count, kept));
      if (taken < count) return;
      same(layout, k => k.linkEntries(log, position, at, heap.u32[(log >>> 2) + 4]! - at));
      for (const [name, row] of current) if (row.gone) current.delete(name);
      expect(heap.u32[(log >>> 2) + 9]).toBe(current.size);
      const list = layout.take(rounds.flat().length * 4 + 4);
      const [block, used] = [heap.u32[record >>> 2]!, heap.u32[(record >>> 2) + 1]!];
      expect(same(layout, k => k.entriesSince(block, used, MIN, list))).toBe(current.size);
      same(layout, k => k.bytesSince(block, used, MIN));
    }
  },
), { numRuns: 500 }));
const textAt = (entry: number): { key: number; text: string } => {
  const [at, length] = [heap.u32[(entry + KEY) >>> 2]!, heap.u32[((entry + KEY) >>> 2) + 1]!];
  return { key: Number(heap.i64[entry >>> 3]), text: Buffer.from(heap.u8.slice(entry + at, entry + at + length)).toString() };
};

const lengths = fc.constantFrom(0n, 3n, 30n, 2n ** 62n);
test('entries are found, claimed and counted', () => fc.assert(fc.property(
  entries, entries, lengths, lengths, fc.boolean(), fc.constantFrom(0, 1, 2, 3), fc.constantFrom(0, 4), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 0xffff_ffc0),
  (kept, probing, before, after, byText, how, skipped, capacity, gone, first) => {
    const layout = new Layout();
    const { log } = makeLog(layout, 4000, first);
    const own = makeLog(layout, 4000, 0);
    const { addresses: there, done: thereRows } = append(layout, log, kept, 8);
    const { addresses } = append(layout, own.log, probing, 8);
    const numbers = layout.take(64);
    // Some were matched before, and some are forgotten.
    const some = Math.min(gone, thereRows);
    same(layout, k => k.claimEntries(some, there, 0, 4, numbers));
    if (some > 1) heap.u32[(log >>> 2) + 2] = first + ((heap.u32[(there >>> 2) + 1]! - heap.u32[there >>> 2]!) >>> 3);
    const [cursor, tuples, matches] = [layout.u32([0, 0, 0, 0]), layout.take(capacity * 4), layout.take(capacity * 4)];
    const key = byText ? KEY : 0;
    const list = layout.take(rowsBytes(Math.max(thereRows, probing.length)));
    const count = same(layout, k => k.soughtEntries(log, probing.length, addresses, list));
    const sought = new Set(heap.u32.slice(list >>> 2, (list >>> 2) + count));
    for (let turn = 0; turn < 1000; turn++) {
      const found = same(layout, k => k.probeEntries(log, cursor, probing.length, addresses, before, after, key, key, how, skipped, tuples, matches, capacity));
      for (let row = 0; row < found; row++) if (heap.u32[(matches >>> 2) + row] !== 0) expect(sought).toContain(heap.u32[(addresses >>> 2) + heap.u32[(tuples >>> 2) + row]!]);
      same(layout, k => k.claimEntries(found, matches, tuples, 8, numbers));
      same(layout, k => k.claimEntries(found, matches, 0, 16, numbers));
      same(layout, k => k.eitherEntry(found, matches, addresses, numbers));
      if (heap.u32[cursor >>> 2] === probing.length) break;
    }
    for (const want of [0, 1]) same(layout, k => k.flaggedEntries(thereRows, there, 24, 16, want, list));
    same(layout, k => k.countEntries(thereRows, there, FIELD));
    same(layout, k => k.releaseEntries(thereRows, there, 24));
  },
), { numRuns: 500 }));
const rowsBytes = (rows: number): number => rows * 4 + 4;

test('windows of rows, their keys, and rows before their bounds', () => fc.assert(fc.property(
  fc.array(fc.bigInt(-1000n, 1000n), { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: -60, max: 60 }), fc.boolean(),
  (values, slide, more, offset, reversed) => {
    const layout = new Layout();
    const size = slide + (more % 3) * more;
    const times = layout.i64(values);
    const positions = reversed ? layout.u32([...values.map((_, index) => values.length - 1 - index), 0]) : 0;
    const most = values.length * Math.ceil(size / slide);
    const [elements, starts, out] = [layout.take(most * 4 + 4), layout.take(most * 8 + 8), layout.take(most * 8 + 8)];
    const made = same(layout, k => k.windowRows(values.length, positions, times, BigInt(size), BigInt(slide), BigInt(offset), elements, starts));
    for (let row = 0; row < made; row++) {
      const [at, start] = [values[heap.u32[(elements >>> 2) + row]!]!, heap.i64[(starts >>> 3) + row]!];
      expect(at >= start && at < start + BigInt(size)).toBe(true);
      expect((start - BigInt(offset)) % BigInt(slide)).toBe(0n);
    }
    same(layout, k => k.windowKeys(made, elements, times, starts, out));
    const bounds = layout.i64(values.map((value, index) => value + BigInt((index % 3) - 1)));
    expect(same(layout, k => k.rowsBeforeBounds(values.length, times, bounds, out))).toBe(Math.floor(values.length / 3));
  },
)));
