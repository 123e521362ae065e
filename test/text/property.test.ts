import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DataType, Field, Fields, Row, Value } from '../../src/plan/types.ts';
import { textHarness, type Decoded } from './support.ts';

const harness = textHarness();
const RUNS = 300;
const json = { kind: 'json' } as const;

/** A type, raw values of it, and how JSON and CSV may write them. */
interface Kind {
  type: DataType;
  value: fc.Arbitrary<Value>;
  texts: (value: Value) => string[];
}
const integer = (kind: 'int8' | 'int16' | 'int32' | 'uint8' | 'uint16' | 'uint32', min: number, max: number): Kind =>
  ({ type: { kind }, value: fc.integer({ min, max }), texts: value => [`${value}`, `${value}.0`, `${value}.0e0`, value === 0 ? '0e5' : `${value}0e-1`] });
const big = (kind: 'int64' | 'uint64', min: bigint, max: bigint): Kind =>
  ({ type: { kind }, value: fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 2n ** 53n + 1n)), texts: value => [`${value}`, `${value}.000`] });
const escapeAll = (text: string): string =>
  `"${[...text].map(c => (c.length === 1 && c.charCodeAt(0) % 3 === 0 ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(c).slice(1, -1))).join('')}"`;
const quoted = (text: string): string[] => [JSON.stringify(text), escapeAll(text)];
const DAY = 86_400_000;
const wellFormed = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'grapheme-ascii', maxLength: 60 }))
  .filter(text => !/\p{Surrogate}/u.test(text));

const kinds: Kind[] = [
  { type: { kind: 'bool' }, value: fc.boolean(), texts: value => [String(value)] },
  integer('int8', -128, 127), integer('int16', -32768, 32767), integer('int32', -(2 ** 31), 2 ** 31 - 1),
  integer('uint8', 0, 255), integer('uint16', 0, 65535), integer('uint32', 0, 2 ** 32 - 1),
  big('int64', -(2n ** 63n), 2n ** 63n - 1n), big('uint64', 0n, 2n ** 64n - 1n),
  {
    type: { kind: 'float64' }, value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    texts: value => [Object.is(value, -0) ? '-0' : String(value), Object.is(value, -0) ? '-0.0' : (value as number).toExponential(20), /^[^e]*\.[^e]*$/.test(String(value)) ? `${value}00` : `${Object.is(value, -0) ? '-0' : value}`],
  },
  { type: { kind: 'float32' }, value: fc.float({ noNaN: true, noDefaultInfinity: true }), texts: value => [Object.is(value, -0) ? '-0e3' : String(value)] },
  { type: { kind: 'utf8' }, value: wellFormed, texts: value => quoted(value as string) },
  { type: { kind: 'binary' }, value: fc.uint8Array({ maxLength: 40 }), texts: value => quoted(Buffer.from(value as Uint8Array).toString('base64')) },
  { type: { kind: 'date' }, value: fc.integer({ min: -1_000_000, max: 1_000_000 }), texts: value => quoted(new Date((value as number) * DAY).toISOString().slice(0, -14)) },
  {
    type: { kind: 'timestamp', unit: 'ms' }, value: fc.bigInt({ min: -60_000_000_000_000n, max: 8_640_000_000_000_000n }),
    texts: value => [`${value}`, ...quoted(new Date(Number(value)).toISOString())],
  },
  {
    type: { kind: 'timestamp', unit: 'us' }, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), texts: value => [`${value}`],
  },
  {
    type: { kind: 'decimal', precision: 18, scale: 6 }, value: fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }),
    texts: value => [`${value}e-6`, `"${value}e-6"`, value === 0n ? '-0' : `${value}00.0e-8`],
  },
];

const fieldsArb = fc.array(fc.record({ kind: fc.constantFrom(...kinds), nullable: fc.boolean() }), { minLength: 1, maxLength: 12 })
  .map(columns => columns.map(({ kind, nullable }, i) => ({ kind, field: { name: i % 4 === 3 ? `ž "${i}` : `column ${i}`, type: kind.type, nullable } satisfies Field })));

const space = fc.constantFrom('', '', '', ' ', '\t', ' \r ');
const junk = fc.json({ maxDepth: 3 });

interface Case { fields: Fields; rows: Row[]; text: string }
const caseArb: fc.Arbitrary<Case> = fieldsArb.chain(columns => {
  const row = fc.record({
    values: fc.tuple(...columns.map(({ kind, field }) => fc.record({
      value: field.nullable ? fc.option(kind.value) : kind.value, pick: fc.nat(), absent: fc.boolean(),
    }))),
    order: fc.array(fc.nat(), { minLength: columns.length, maxLength: columns.length }),
    space, junk: fc.option(junk), lineEnd: fc.constantFrom('\n', '\r\n', '\n\n', '\n \t\n'),
  }).map(({ values, order, space, junk, lineEnd }) => {
    const members = columns.flatMap(({ kind, field }, i) => {
      const { value, pick, absent } = values[i]!;
      const texts = value === null ? ['null'] : kind.texts(value);
      const member = `${pick % 5 === 0 ? escapeAll(field.name) : JSON.stringify(field.name)}${space}:${space}${texts[pick % texts.length]}`;
      // Of two members of one name the last counts; a null may as well be absent.
      return value === null && absent ? [] : [{ at: order[i]!, member: pick % 7 === 0 ? `${JSON.stringify(field.name)}:null,${member}` : member }];
    });
    if (junk !== null) members.push({ at: order[0]!, member: `"zz":${junk}` });
    members.sort((a, b) => a.at - b.at);
    return {
      row: Object.fromEntries(columns.map(({ field }, i) => [field.name, values[i]!.value])) as Row,
      line: `${space}{${space}${members.map(({ member }) => member).join(`${space},${space}`)}${space}}${space}${lineEnd}`,
    };
  });
  return fc.array(row, { maxLength: 20 }).map(rows => ({ fields: columns.map(({ field }) => field), rows: rows.map(({ row }) => row), text: rows.map(({ line }) => line).join('') }));
});

const comparable = ({ rowsOut, rowLines, lines, bad }: Decoded) => ({ rowsOut, rowLines, lines, bad: bad.map(({ line, length, code }) => ({ line, length, code })) });

describe('JSON lines of random rows', () => {
  test('decode to the rows, by either kind of kernel', () => {
    fc.assert(fc.property(caseArb, fc.boolean(), ({ fields, rows, text }, cut) => {
      const input = cut ? text.trimEnd() : text;
      for (const kernels of ['wasm', 'twins'] as const) {
        const { rowsOut, bad } = harness.decode(fields, json, input, kernels);
        expect(bad).toEqual([]);
        expect(rowsOut).toEqual(rows.map(row => ({ ...row })));
      }
    }), { numRuns: RUNS });
  });

  /** One or a few changes at random places. */
  const mutate = (bytes: Uint8Array, changes: { at: number; kind: number; byte: number }[]): Buffer => {
    let out = Buffer.from(bytes);
    for (const { at, kind, byte } of changes) {
      const place = out.length === 0 ? 0 : at % out.length;
      const head = out.subarray(0, place);
      if (kind === 0) out = Buffer.concat([head, Buffer.from([byte]), out.subarray(place + 1)]);
      else if (kind === 1) out = Buffer.concat([head, out.subarray(place + 1 + (byte % 4))]);
      else out = Buffer.concat([head, Buffer.from([byte]), out.subarray(place)]);
    }
    return out;
  };
  const interesting = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\\n\r\t 0123456789.eE+-nulltruefalsu\u0000\u00e9\u20ac')));
  const changesArb = fc.array(fc.record({ at: fc.nat(), kind: fc.nat(2), byte: interesting }), { minLength: 1, maxLength: 4 });

  /** What must hold for a line: JSON.parse takes it, it is an object, UTF-8, and without halves of surrogate pairs. */
  function parsable(line: Buffer): Record<string, unknown> | null {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
      let torn = false;
      const value = JSON.parse(text, (key, inner: unknown) => {
        torn ||= /\p{Surrogate}/u.test(key) || (typeof inner === 'string' && /\p{Surrogate}/u.test(inner));
        return inner;
      }) as unknown;
      return torn || typeof value !== 'object' || value === null || Array.isArray(value) ? null : value as Record<string, unknown>;
    } catch {
      return null;
    }
  }

  test('changed at random: as JSON.parse sees it, and the kernels agree', () => {
    fc.assert(fc.property(caseArb, changesArb, ({ fields, text }, changes) => {
      const bytes = mutate(Buffer.from(text), changes);
      const wasm = harness.decode(fields, json, bytes, 'wasm');
      const twin = harness.decode(fields, json, bytes, 'twins');
      expect(comparable(wasm)).toEqual(comparable(twin));
      const lines: Buffer[] = [];
      for (let from = 0; from <= bytes.length;) {
        const end = bytes.indexOf(10, from) < 0 ? bytes.length : bytes.indexOf(10, from);
        const line = bytes.subarray(from, end);
        if (!/^[ \t\r]*$/.test(line.toString('latin1'))) lines.push(line);
        from = end + 1;
      }
      expect(wasm.lines).toBe(lines.length);
      expect([...wasm.rowLines, ...wasm.bad.map(bad => bad.line)].sort((a, b) => a - b)).toEqual(lines.map((_, i) => i));
      for (const line of wasm.rowLines) expect(parsable(lines[line]!)).not.toBeNull();
      for (const { line, reason } of wasm.bad) {
        // A line that is JSON is refused only for what a column says.
        if (parsable(lines[line]!) !== null) expect(reason).toMatch(/^column/);
      }
    }), { numRuns: RUNS * 3 });
  });

  test('with no columns wanted, a line is good if and only if JSON.parse takes it', () => {
    fc.assert(fc.property(fc.array(fc.oneof(junk, fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })).map(value => JSON.stringify(value)))), changesArb, (values, changes) => {
      const bytes = mutate(Buffer.from(values.join('\n')), changes);
      const lines = bytes.toString('latin1').split('\n').filter(line => !/^[ \t\r]*$/.test(line)).map(line => Buffer.from(line, 'latin1'));
      for (const kernels of ['wasm', 'twins'] as const) {
        const { rowLines, rows, positions } = harness.decode([], json, bytes, kernels);
        expect(positions === 0 ? Array.from({ length: rows }, (_, i) => i) : rowLines).toEqual(lines.flatMap((line, i) => (parsable(line) === null ? [] : [i])));
      }
    }), { numRuns: RUNS * 2 });
  });
});

describe('CSV of random rows', () => {
  const csvText = (value: Value, type: DataType, pick: number): string => {
    if (value === null) return '';
    const text = type.kind === 'utf8' ? value as string : type.kind === 'binary' ? Buffer.from(value as Uint8Array).toString('base64')
      : type.kind === 'date' ? new Date((value as number) * DAY).toISOString().slice(0, -14)
      : type.kind === 'decimal' ? `${value}e-6` : Object.is(value, -0) ? '-0' : String(value);
    const mustQuote = text === '' || /[",\n\r]/.test(text);
    return mustQuote || pick % 3 === 0 ? `"${text.replaceAll('"', '""')}"` : text;
  };

  const csvArb = fieldsArb.chain(columns => fc.array(fc.record({
    values: fc.tuple(...columns.map(({ kind, field }) => (field.nullable ? fc.option(kind.value) : kind.value))), pick: fc.nat(), lineEnd: fc.constantFrom('\n', '\r\n'),
  }), { maxLength: 20 }).map(rows => ({
    fields: columns.map(({ field }) => field),
    rows: rows.map(({ values }) => Object.fromEntries(columns.map(({ field }, i) => [field.name, values[i]!])) as Row),
    text: rows.map(({ values, pick, lineEnd }) => values.map((value, i) => csvText(value as Value, columns[i]!.kind.type, pick + i)).join(',') + lineEnd).join(''),
  })));

  test('decodes to the rows, by either kind of kernel', () => {
    fc.assert(fc.property(csvArb, ({ fields, rows, text }) => {
      for (const kernels of ['wasm', 'twins'] as const) {
        const { rowsOut, bad } = harness.decode(fields, { kind: 'csv', delimiter: ',', columns: fields.map((_, i) => i) }, text, kernels);
        expect(bad).toEqual([]);
        expect(rowsOut).toEqual(rows.map(row => ({ ...row })));
      }
    }), { numRuns: RUNS });
  });

  test('of random bytes: the kernels agree, and every record is good or bad', () => {
    const soup = fc.array(fc.oneof(fc.constantFrom(',', ',', '"', '"', '\n', '\r\n', '\r', 'a', '1', ' ', 'é', '2024-01-01', '1.5', 'true', '\\'), fc.string({ maxLength: 3 })), { maxLength: 200 });
    fc.assert(fc.property(fieldsArb, soup, fc.array(fc.nat(255), { maxLength: 3 }), (columns, parts, bytes) => {
      const fields = columns.slice(0, 3).map(({ field }) => field);
      const text = Buffer.concat([Buffer.from(parts.join('')), Buffer.from(bytes)]);
      const format = { kind: 'csv', delimiter: ',', columns: fields.map((_, i) => i) } as const;
      const wasm = harness.decode(fields, format, text, 'wasm');
      // Of several faults of a record they may name different ones.
      const agreed = ({ rowsOut, rowLines, lines, bad }: Decoded) => ({ rowsOut, rowLines, lines, bad: bad.map(({ line, length }) => ({ line, length })) });
      expect(agreed(wasm)).toEqual(agreed(harness.decode(fields, format, text, 'twins')));
      expect([...wasm.rowLines, ...wasm.bad.map(bad => bad.line)].sort((a, b) => a - b)).toEqual(Array.from({ length: wasm.lines }, (_, i) => i));
    }), { numRuns: RUNS * 3 });
  });
});
