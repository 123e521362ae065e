import { describe, expect, test } from 'vitest';
import type { DataType, Field, Fields, Value } from '../../src/plan/types.ts';
import { textHarness } from './support.ts';

const harness = textHarness();
const col = (name: string, type: DataType, nullable = false): Field => ({ name, type, nullable });

for (const kernels of ['wasm', 'twins'] as const) {
  describe(`CSV, ${kernels}`, () => {
    const decode = (fields: Fields, text: string | Uint8Array, columns = fields.map((_, i) => i), delimiter = ',') =>
      harness.decode(fields, { kind: 'csv', delimiter, columns }, text, kernels);
    const one = (type: DataType, value: string, nullable = false): Value | string => {
      const { rowsOut, bad } = decode([col('x', type, nullable)], `${value},1`, [0, -1]);
      return bad[0] === undefined ? rowsOut[0]!.x! : `bad: ${bad[0].reason}`;
    };

    test('quotes, line ends, empty lines, columns in another order, unwanted ones', () => {
      const fields = [col('a', { kind: 'int32' }, true), col('b', { kind: 'utf8' }, true)];
      const text = 'x,junk,1\r\n"a ""quoted"", text\nof two lines",,2\n\n\r\n"",j,\n,j,"3"\r\n5" disk,"j""",4\n"last\r\n",j,5';
      expect(decode(fields, text, [1, -1, 0])).toMatchObject({
        rowsOut: [{ a: 1, b: 'x' }, { a: 2, b: 'a "quoted", text\nof two lines' }, { a: null, b: '' }, { a: 3, b: null }, { a: 4, b: '5" disk' }, { a: 5, b: 'last\r\n' }],
        lines: 6, bad: [], positions: 0,
      });
    });

    test('a bad record does not disturb the next', () => {
      const fields = [col('a', { kind: 'int32' }), col('b', { kind: 'utf8' }, true)];
      const records = ['1,x', '2', '3,y,z', 'oops,y', '4,"a"b', '"5","a\nb"', ',n', 'x,"\n"', '6,"open\n7,x\n'];
      const { rowsOut, rowLines, bad, badText } = decode(fields, records.join('\n'));
      expect(rowsOut).toEqual([{ a: 1, b: 'x' }, { a: 5, b: 'a\nb' }]);
      expect(rowLines).toEqual([0, 5]);
      expect(badText).toEqual(['2', '3,y,z', 'oops,y', '4,"a"b', ',n', 'x,"\n"', '6,"open\n7,x']);
      expect(bad.map(({ line, reason }) => [line, reason.replace(/at byte \d+: /, '')])).toEqual([
        [1, 'the record has too few or too many fields'], [2, 'the record has too few or too many fields'],
        [3, 'column "a" (int32): malformed number'], [4, 'text follows the closing quote of a field'],
        [6, 'column "a" (int32): the value is missing or null, and the column is not nullable'],
        [7, 'column "a" (int32): malformed number'], [8, 'a quoted field is never closed'],
      ]);
    });

    test('values', () => {
      expect(one({ kind: 'int64' }, '9223372036854775807')).toBe(9223372036854775807n);
      expect(one({ kind: 'uint64' }, '"18446744073709551615"')).toBe(18446744073709551615n);
      expect(one({ kind: 'int32' }, ' +007\t')).toBe(7);
      expect(one({ kind: 'int32' }, '1e3')).toBe(1000);
      expect(one({ kind: 'int32' }, '1.5')).toMatch(/more digits/);
      expect(one({ kind: 'int32' }, '"1""2"')).toMatch(/malformed/);
      expect(one({ kind: 'int32' }, '""', true)).toBe(null);
      for (const malformed of ['x', '1x', '1 2', '.', '-', '1e', '0x1', '1.2.3', ' ']) expect(one({ kind: 'int32' }, malformed, true)).toMatch(/^bad/);
      expect(one({ kind: 'float64' }, '.5')).toBe(0.5);
      expect(one({ kind: 'float64' }, '5.')).toBe(5);
      expect(one({ kind: 'float64' }, '0.30000000000000004')).toBe(0.30000000000000004);
      expect(one({ kind: 'float64' }, 'nan')).toBe(NaN);
      expect(one({ kind: 'float32' }, '-Infinity')).toBe(-Infinity);
      expect(one({ kind: 'float64' }, '+INF')).toBe(Infinity);
      expect(one({ kind: 'float64' }, 'info')).toMatch(/^bad/);
      for (const yes of ['true', 'TRUE', 't', '1']) expect(one({ kind: 'bool' }, yes)).toBe(true);
      for (const no of ['false', 'False', 'F', '0']) expect(one({ kind: 'bool' }, no)).toBe(false);
      expect(one({ kind: 'bool' }, 'yes')).toMatch(/neither true nor false/);
      expect(one({ kind: 'decimal', precision: 6, scale: 2 }, '-12.3')).toBe(-1230n);
      expect(one({ kind: 'timestamp', unit: 'ms' }, '2024-01-01 00:00:00.5')).toBe(BigInt(Date.UTC(2024, 0, 1)) + 500n);
      expect(one({ kind: 'timestamp', unit: 'us' }, '-5')).toBe(-5n);
      expect(one({ kind: 'date' }, '2024-01-01')).toBe(19723);
      expect(one({ kind: 'date' }, '2024-01-01x')).toMatch(/not a date/);
      expect(one({ kind: 'binary' }, 'AQID')).toEqual(new Uint8Array([1, 2, 3]));
      expect(one({ kind: 'binary' }, '""')).toEqual(new Uint8Array());
      expect(one({ kind: 'utf8' }, '" spaces "')).toBe(' spaces ');
      expect(one({ kind: 'utf8' }, ' spaces ')).toBe(' spaces ');
    });

    test('bytes that are not UTF-8, other delimiters, one field only', () => {
      const fields = [col('x', { kind: 'utf8' }, true)];
      expect(decode(fields, Buffer.from([0x61, 0xff, 0x2c, 0x62, 0x0a, 0x63, 0x2c, 0x64]), [0, -1])).toMatchObject({ rowsOut: [{ x: 'c' }], bad: [{ line: 0 }] });
      expect(decode(fields, 'žluťoučký kůň;"a;b"\na;', [0, -1], ';').rowsOut).toEqual([{ x: 'žluťoučký kůň' }, { x: 'a' }]);
      expect(decode(fields, 'a\n\n""\n\n\n').rowsOut).toEqual([{ x: 'a' }, { x: null }, { x: '' }, { x: null }, { x: null }]);
    });
  });
}
