import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillSelectSteps } from '../../native-free-kernels/select.ts';
import type { Kernels } from '../../native-free-kernels/load.ts';
import { testHeap } from '../support/heap.ts';

/** Every kernel of the stateless stage against its twin: the same bytes in all outputs, the same result. */
const { heap, wasm, twins } = testHeap(64);
const STEPS = 65_536;
fillSelectSteps(heap, STEPS);
const INPUTS = 131_072, OUTPUTS = 1_048_576, OUTPUT_BYTES = 65_536, MAX_ROWS = 70;

const MIN = -(1n << 63n), MAX = (1n << 63n) - 1n;
const int64 = fc.oneof(
  fc.bigInt(MIN, MAX), fc.bigInt(-20n, 20n), fc.constantFrom(MIN, MIN + 1n, MAX, MAX - 1n, 1n << 32n, -(1n << 32n), 3_037_000_500n, -3_037_000_500n, 253_402_300_799_999n),
);
const float = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 0.5, -0.5, 1.5, 2.5, -2.5, 2 ** 53, 2 ** 63, 3.5e38, 0.49999999999999994));
const byte = fc.integer({ min: 0, max: 1 });
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'Z', 'é', '😀', ' ', '\u00a0', '\u2003', '\u3000', '%', '_', '\t', 'x'), maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('', 'ab', 'abab', '%', 'a%b', '_'),
);
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: MAX_ROWS, maxLength: MAX_ROWS });

interface Drawn {
  rows: number; ints: bigint[]; others: bigint[]; floats: number[]; otherFloats: number[]; bytes: number[]; otherBytes: number[];
  texts: string[]; parts: string[]; rowsOf: number[]; codes: number[]; stride: 0 | 1; flag: 0 | 1; selected: boolean;
}
const drawn: fc.Arbitrary<Drawn> = fc.record({
  rows: fc.integer({ min: 0, max: MAX_ROWS }), ints: list(int64), others: list(int64), floats: list(float), otherFloats: list(float),
  bytes: list(byte), otherBytes: list(byte), texts: list(text), parts: list(text), codes: list(fc.integer({ min: 0, max: 6 })),
  rowsOf: fc.uniqueArray(fc.integer({ min: 0, max: MAX_ROWS - 1 }), { minLength: MAX_ROWS, maxLength: MAX_ROWS }).map(rows => rows.sort((a, b) => a - b)),
  stride: fc.constantFrom(0, 1), flag: fc.constantFrom(0, 1), selected: fc.boolean(),
});

/** Writes inputs one behind the other. */
class Writer {
  top = INPUTS;
  take(bytes: number): number { const at = this.top; this.top = (this.top + bytes + 127) & ~63; return at; }
  i64(values: readonly bigint[]): number { const at = this.take(values.length * 8); heap.i64.set(values.map(value => BigInt.asIntN(64, value)), at / 8); return at; }
  f64(values: readonly number[]): number { const at = this.take(values.length * 8); heap.f64.set(values, at / 8); return at; }
  f32(values: readonly number[]): number { const at = this.take(values.length * 4); heap.f32.set(values, at / 4); return at; }
  i32(values: readonly number[]): number { const at = this.take(values.length * 4); heap.i32.set(values, at / 4); return at; }
  u8(values: readonly number[]): number { const at = this.take(values.length); heap.u8.set(values, at); return at; }
  codes(width: number, values: readonly number[]): number {
    const at = this.take(values.length * width);
    (width === 1 ? heap.i8 : width === 2 ? heap.i16 : heap.i32).set(values, at / width);
    return at;
  }
  bits(values: readonly number[]): number {
    const at = this.take(16);
    heap.u8.fill(0, at, at + 16);
    values.forEach((value, row) => { heap.u8[at + (row >>> 3)]! |= value << (row & 7); });
    return at;
  }
  texts(values: readonly string[]): number {
    const pairs = this.take(values.length * 8);
    values.forEach((value, row) => {
      const encoded = new TextEncoder().encode(value);
      const at = this.take(encoded.length);
      heap.u8.set(encoded, at);
      heap.u32[pairs / 4 + row * 2] = at;
      heap.u32[pairs / 4 + row * 2 + 1] = encoded.length;
    });
    return pairs;
  }
}
/** Runs a kernel of both kinds; `sizes` are the bytes of its outputs that count (a function of its result). */
function same(call: (kernels: Kernels, out: (which: number) => number) => number | void, sizes: (result: number) => readonly number[]): void {
  const out = (which: number): number => OUTPUTS + which * OUTPUT_BYTES;
  const run = (kernels: Kernels): unknown[] => {
    heap.u8.fill(0xee, OUTPUTS, OUTPUTS + 4 * OUTPUT_BYTES);
    const result = (call(kernels, out) ?? 0) >>> 0;
    return [result, ...sizes(result).map((size, which) => Buffer.from(heap.u8.slice(out(which), out(which) + size)).toString('hex'))];
  };
  expect(run(wasm)).toEqual(run(twins));
}
const property = (name: string, check: (data: Drawn, writer: Writer) => void) =>
  test(name, () => fc.assert(fc.property(drawn, data => check(data, new Writer())), { numRuns: 60 }));
const WIDTHS = [1, 2, 4];

describe('select', () => {
  property('by bytes, bits and codes', (d, w) => {
    const bytes = w.u8(d.bytes), valid = d.selected ? w.u8(d.otherBytes) : 0, bits = w.bits(d.bytes), selection = d.selected ? w.i32(d.rowsOf) : 0;
    const table = w.u8([1, 0, 1, 1, 0, 0, 1]);
    same((k, out) => k.selectBytes(d.rows, bytes, valid, d.flag, STEPS, out(0)), n => [n * 4]);
    same((k, out) => k.selectBits(d.rows, selection, bits, d.flag, STEPS, out(0)), n => [n * 4]);
    same((k, out) => k.iota(d.rows, 5, out(0)), () => [d.rows * 4]);
    for (const width of WIDTHS) {
      const codes = w.codes(width, d.codes);
      same((k, out) => k.selectCodesEqual(width, d.rows, codes, d.codes[0]!, STEPS, out(0)), n => [n * 4]);
      same((k, out) => k.selectByCode(width, d.rows, selection, codes, table, out(0)), n => [n * 4]);
    }
  });
  property('integers in a range', (d, w) => {
    const selection = d.selected ? w.i32(d.rowsOf) : 0, values = w.i64(d.ints);
    const low = d.others[0]!, span = BigInt.asUintN(64, d.others[1]!);
    for (let kind = 0; kind < 7; kind++) {
      same((k, out) => k.selectIntegers(kind, d.rows, selection, values, low, span, d.flag, out(0)), n => [n * 4]);
      same((k, out) => k.selectIntegers(kind, d.rows, selection, values, -5n, 10n, d.flag, out(0)), n => [n * 4]);
    }
  });
});

describe('columns', () => {
  property('load and map', (d, w) => {
    const selection = d.selected ? w.i32(d.rowsOf) : 0, values = w.i64(d.ints), bits = w.bits(d.bytes), valid = d.flag ? w.u8(d.otherBytes) : 0;
    for (let kind = 0; kind < 7; kind++) same((k, out) => k.loadIntegers(kind, d.rows, selection, values, out(0)), () => [d.rows * 8]);
    const singles = w.f32(d.floats);
    same((k, out) => k.loadFloats(d.rows, selection, singles, out(0)), () => [d.rows * 8]);
    same((k, out) => k.loadBits(d.rows, selection, bits, out(0)), () => [d.rows]);
    const offsets = w.i32(Array.from({ length: MAX_ROWS + 1 }, (_, i) => i * 3));
    same((k, out) => k.loadText(d.rows, selection, 4096, offsets, valid, out(0)), () => [d.rows * 8]);
    const table8 = w.u8([9, 8, 7, 6, 5, 4, 3, 2]), table32 = w.i32([9, 8, 7, 6, 5, 4, 3]), table64 = w.i64([9n, 8n, 7n, 6n, 5n, 4n, 3n]);
    for (const width of WIDTHS) {
      const codes = w.codes(width, d.codes);
      same((k, out) => k.loadCodes(width, d.rows, selection, codes, d.flag ? bits : 0, -1, out(0)), () => [d.rows * 4]);
      same((k, out) => k.mapCodes8(width, d.rows, selection, codes, table8, out(0)), () => [d.rows]);
      same((k, out) => k.mapCodes32(width, d.rows, selection, codes, table32, out(0)), () => [d.rows * 4]);
      same((k, out) => k.mapCodes64(width, d.rows, selection, codes, table64, out(0)), () => [d.rows * 8]);
    }
    const wide = w.i32(d.codes);
    same((k, out) => k.loadTextOfCodes(d.rows, wide, valid, offsets, 4096, out(0)), () => [d.rows * 8]);
  });
  property('gather, scatter, fill', (d, w) => {
    const positions = w.i32(d.rowsOf), data = w.i64(d.ints), all = MAX_ROWS * 8;
    for (const [width, name] of [[1, '8'], [4, '32'], [8, '64']] as const) {
      same((k, out) => k[`gather${name}`](d.rows, positions, data, out(0)), () => [d.rows * width]);
      same((k, out) => k[`scatter${name}`](d.rows, positions, data, d.stride * width, out(0)), () => [all]);
      same((k, out) => k[`fill${name}`](d.rows, data, out(0)), () => [d.rows * width]);
    }
    same((k, out) => k.offset32(d.rows, positions, 77, out(0)), () => [d.rows * 4]);
  });
});

describe('compare and logic', () => {
  property('compare', (d, w) => {
    const [a, b] = [w.i64(d.ints), w.i64(d.flag ? d.ints : d.others)], [x, y] = [w.f64(d.floats), w.f64(d.otherFloats)], [s, t] = [w.texts(d.texts), w.texts(d.parts)];
    const [p, q] = [w.u8(d.bytes), w.u8(d.otherBytes)], [c, e] = [w.i32(d.codes), w.i32([...d.codes].reverse())];
    for (const less of [0, 1]) {
      for (const negate of [0, 1]) {
        const check = (name: 'compareI64' | 'compareU64' | 'compareF64' | 'compareText' | 'compareBool', left: number, right: number, width: number) =>
          same((k, out) => k[name](less, negate, d.rows, left, width, right, d.stride * width, out(0)), () => [d.rows]);
        check('compareI64', a, b, 8); check('compareU64', a, b, 8); check('compareF64', x, y, 8); check('compareText', s, t, 8); check('compareBool', p, q, 1);
      }
      same((k, out) => k.compareCodes(less, d.rows, c, 4, e, d.stride * 4, out(0)), () => [d.rows]);
    }
    const pair = (at: number): [number, number] => [heap.u32[at / 4]!, heap.u32[at / 4 + 1]!];
    const sign = (k: Kernels): number => Math.sign(k.compareTwoTexts(...pair(s), ...pair(t)));
    expect(sign(wasm)).toBe(sign(twins));
  });
  property('logic', (d, w) => {
    const [a, b, va, vb] = [w.u8(d.bytes), w.u8(d.otherBytes), w.u8([...d.bytes].reverse()), d.selected ? w.u8([...d.otherBytes].reverse()) : 0];
    same((k, out) => k.andBytes(d.rows, a, b, out(0)), () => [d.rows]);
    same((k, out) => k.notBytes(d.rows, a, out(0)), () => [d.rows]);
    for (const or of [0, 1]) {
      same((k, out) => k.logic3(or, d.rows, a, 1, va, b, d.stride, vb, out(0), out(1)), () => [d.rows, d.rows]);
      same((k, out) => k.logic3(or, d.rows, a, d.stride, 0, b, 1, vb, out(0), 0), () => [d.rows]);
    }
    same((k, out) => k.distinctBytes(d.rows, a, va, d.stride, vb, 1, out(0)), () => [d.rows]);
  });
});

describe('arithmetic', () => {
  const ranges = [[MIN, MAX], [-128n, 127n], [0n, 0xffff_ffffn], [-(10n ** 18n - 1n), 10n ** 18n - 1n]] as const;
  property('int64', (d, w) => {
    const [a, b] = [w.i64(d.ints), w.i64(d.others)];
    for (const [low, high] of ranges) {
      for (const op of [0, 1, 2]) {
        same((k, out) => k.calculateI64(op, d.rows, a, 8, b, d.stride * 8, low, high, out(0), out(1)), () => [d.rows, d.rows * 8]);
      }
      for (const op of [0, 1]) {
        same((k, out) => k.divideI64(op, d.rows, a, 8, b, d.stride * 8, low, high, out(0), out(1), out(2)), () => [d.rows, d.rows, d.rows * 8]);
        same((k, out) => k.unaryI64(op, d.rows, a, low, high, out(0), out(1)), () => [d.rows, d.rows * 8]);
      }
      same((k, out) => k.checkI64(0, d.rows, a, low, high, out(0)), () => [d.rows]);
      same((k, out) => k.checkI64(1, d.rows, a, 0n, high, out(0)), () => [d.rows]);
    }
    for (const op of [0, 1, 2]) same((k, out) => k.calculateU64(op, d.rows, a, 8, b, d.stride * 8, out(0), out(1)), () => [d.rows, d.rows * 8]);
    for (const op of [0, 1]) same((k, out) => k.divideU64(op, d.rows, a, 8, b, d.stride * 8, out(0), out(1)), () => [d.rows, d.rows * 8]);
    for (const mode of [0, 1, 2]) for (const by of [1n, 10n, 1000n, 10n ** 18n]) same((k, out) => k.divideRoundI64(mode, d.rows, a, by, out(0)), () => [d.rows * 8]);
  });
  property('float', (d, w) => {
    const [x, y, a] = [w.f64(d.floats), w.f64(d.otherFloats), w.i64(d.ints)];
    // the bits of a NaN are not part of a result
    const canonical = (k: Kernels, at: number) => k.keyFromF64(d.rows, at, 8, at);
    for (const single of [0, 1]) {
      for (let op = 0; op < 5; op++) {
        same((k, out) => { k.calculateF64(op, single, d.rows, x, 8, y, d.stride * 8, out(0)); canonical(k, out(0)); }, () => [d.rows * 8]);
      }
      for (let op = 0; op < 6; op++) same((k, out) => { k.unaryF64(op, single, d.rows, x, out(0)); canonical(k, out(0)); }, () => [d.rows * 8]);
      for (const unsigned of [0, 1]) {
        for (const power of unsigned ? [1n] : [1n, 100n, 10n ** 18n]) {
          same((k, out) => k.floatFromI64(unsigned, single, d.rows, a, power, single ? 1n << 24n : 1n << 53n, out(0)), () => [d.rows * 8]);
        }
      }
    }
    for (const mode of [0, 1]) {
      same((k, out) => k.integerFromF64(0, mode, d.rows, x, 1, -(2 ** 63), 2 ** 63, out(0), out(1)), () => [d.rows, d.rows * 8]);
      same((k, out) => k.integerFromF64(0, mode, d.rows, x, 100, -1e5, 1e5, out(0), out(1)), () => [d.rows, d.rows * 8]);
      same((k, out) => k.integerFromF64(1, mode, d.rows, x, 1, 0, 2 ** 64, out(0), out(1)), () => [d.rows, d.rows * 8]);
    }
    same((k, out) => k.singleFromF64(d.rows, x, out(0), out(1)), () => [d.rows]);
    same((k, out) => k.truncateF64(d.rows, x, out(0)), () => []);
    same((k, out) => k.nonZeroF64(d.rows, x, 8, out(0)), () => [d.rows]);
    same((k, out) => k.keyFromF64(d.rows, x, 8, out(0)), () => [d.rows * 8]);
  });
});

property('probe', (d, w) => {
  const distinct = [...new Set(d.others)], texts = [...new Set(d.parts)];
  const [keys, textKeys, a, s] = [w.i64(distinct), w.texts(texts), w.i64(d.ints.map((value, i) => (i % 2 ? d.others[i]! : value))), w.texts(d.texts.map((value, i) => (i % 2 ? d.parts[i]! : value)))];
  const slots = w.take(256 * 4);
  const clear = () => heap.u8.fill(0, slots, slots + 1024);
  same((k, out) => { clear(); k.insertIntegers(distinct.length, keys, slots, 255); k.probeIntegers(d.rows, a, keys, slots, 255, out(0)); }, () => [d.rows * 4]);
  same((k, out) => { clear(); k.insertTexts(texts.length, textKeys, slots, 255); k.probeTexts(d.rows, s, textKeys, slots, 255, out(0)); }, () => [d.rows * 4]);
  const numbers = w.i32(d.codes.map(code => code - 2));
  same((k, out) => k.foundBytes(d.rows, numbers, d.flag, out(0)), () => [d.rows]);
});

property('time', (d, w) => {
  // dates of int32 and timestamps of int64 cover every day a column can hold
  for (const [perDay, shift] of [[1n, 32n], [86_400_000n, 0n], [86_400_000_000n, 0n]] as const) {
    const a = w.i64(d.ints.map((value, i) => (i % 3 ? value >> shift : value >> 40n)));
    for (let part = 0; part < 12; part++) same((k, out) => k.datePart(part, d.rows, a, perDay, out(0)), () => [d.rows * 8]);
    const seconds = [1n, 60n, 3600n, 86_400n];
    for (let unit = 0; unit < 8; unit++) {
      const ticks = perDay === 1n ? 1n : (perDay / 86_400n) * (seconds[unit] ?? 1n), low = perDay === 1n ? -(1n << 31n) : MIN;
      same((k, out) => k.truncateTime(unit, d.rows, a, perDay, ticks, low, out(0), out(1)), () => [d.rows, d.rows * 8]);
    }
    same((k, out) => k.epochSeconds(d.rows, a, 1000, out(0)), () => [d.rows * 8]);
  }
});

describe('text', () => {
  const all = (rows: number) => () => [rows * 8];
  property('views', (d, w) => {
    const [a, b, start, count] = [w.texts(d.texts), w.texts(d.parts), w.i64(d.ints.map((v, i) => (i % 3 ? v % 12n : v))), w.i64(d.others.map((v, i) => (i % 3 ? v % 8n : v)))];
    same(k => k.stringBytes(d.rows, a), () => []);
    same((k, out) => k.textLength(d.rows, a, out(0)), all(d.rows));
    same((k, out) => k.trimText(d.rows, a, out(0)), () => []);
    const lengths = (k: Kernels) => { k.trimText(d.rows, a, OUTPUTS); return Array.from({ length: d.rows }, (_, i) => [heap.u32[OUTPUTS / 4 + i * 2 + 1], heap.u32[OUTPUTS / 4 + i * 2 + 1] && heap.u32[OUTPUTS / 4 + i * 2]]); };
    expect(lengths(wasm)).toEqual(lengths(twins));
    for (const given of [count, 0]) {
      const run = (k: Kernels) => {
        k.substringText(d.rows, a, 8, start, d.stride * 8, given, given && 8, OUTPUTS);
        return Array.from({ length: d.rows }, (_, i) => Buffer.from(heap.u8.slice(heap.u32[OUTPUTS / 4 + i * 2]!, heap.u32[OUTPUTS / 4 + i * 2]! + heap.u32[OUTPUTS / 4 + i * 2 + 1]!)).toString());
      };
      expect(run(wasm)).toEqual(run(twins));
    }
    for (const mode of [0, 1, 2]) same((k, out) => k.matchText(mode, d.rows, a, 8, b, d.stride * 8, out(0)), () => [d.rows]);
    same((k, out) => k.likeText(d.rows, a, 8, b, d.stride * 8, out(0)), () => [d.rows]);
  });
  property('of numbers', (d, w) => {
    const numbers = [...d.ints.map(String), ...d.floats.map(String), '1.50', '-.5', '+7.', '.', '-', '', '000000000000000000001', '-0', '-0.0', '123456789012345678'];
    const a = w.texts(numbers);
    for (const scale of [0, 2, 18]) same((k, out) => k.readI64(scale, numbers.length, a, out(0), out(1)), () => [numbers.length, numbers.length * 8]);
    same((k, out) => k.readF64(numbers.length, a, out(0), out(1)), () => [numbers.length, numbers.length * 8]);
    const values = w.i64(d.ints);
    for (const unsigned of [0, 1]) {
      for (const scale of [0, 4, 18]) same((k, out) => k.printI64(unsigned, scale, d.rows, values, out(1), out(0)), () => [d.rows * 8]);
    }
    same((k, out) => k.printI64(0, 3, d.rows, values, out(1), out(0)), () => [d.rows * 8, d.rows === 0 ? 0 : heap.u32[OUTPUTS / 4 + d.rows * 2 - 2]! + heap.u32[OUTPUTS / 4 + d.rows * 2 - 1]! - OUTPUTS - OUTPUT_BYTES]);
  });
  property('new bytes', (d, w) => {
    const [a, b, c] = [w.texts(d.texts), w.texts(d.parts), w.texts([...d.parts].reverse())];
    const bytesAfter = (k: Kernels, rows: number) => Array.from({ length: rows }, (_, i) => {
      const at = heap.u32[OUTPUTS / 4 + i * 2]!;
      return Buffer.from(heap.u8.slice(at, at + heap.u32[OUTPUTS / 4 + i * 2 + 1]!)).toString('hex');
    });
    const run = (call: (k: Kernels, out: number, buffer: number) => unknown) => {
      const results = [wasm, twins].map(k => [call(k, OUTPUTS, OUTPUTS + OUTPUT_BYTES), bytesAfter(k, d.rows)]);
      expect(results[0]).toEqual(results[1]);
    };
    for (const upper of [0, 1]) run((k, out, buffer) => k.caseText(upper, d.rows, a, buffer, OUTPUTS + 3 * OUTPUT_BYTES, out));
    run((k, out, buffer) => k.concatText(d.rows, a, 8, b, d.stride * 8, buffer, out));
    run((k, out, buffer) => [k.replaceText(d.rows, a, 8, b, d.stride * 8, c, 8, 0, 0), k.replaceText(d.rows, a, 8, b, d.stride * 8, c, 8, buffer, out)]);
  });
});
