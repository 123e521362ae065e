import { describe, expect, test } from 'vitest';
import type { DataType, Field, Fields, Value } from '../../src/plan/types.ts';
import { textHarness } from './support.ts';

const harness = textHarness();
const json = { kind: 'json' } as const;
const col = (name: string, type: DataType, nullable = false): Field => ({ name, type, nullable });

for (const kernels of ['wasm', 'twins'] as const) {
  describe(`JSON lines, ${kernels}`, () => {
    const decode = (fields: Fields, text: string | Uint8Array) => harness.decode(fields, json, text, kernels);
    /** One value of one column, or the reason why not. */
    const one = (type: DataType, value: string): Value | string => {
      const { rowsOut, bad } = decode([col('x', type)], `{"x":${value}}`);
      return bad[0] === undefined ? rowsOut[0]!.x! : `bad: ${bad[0].reason}`;
    };

    test('members in any order, spaces, blank lines, \\r\\n, unwanted members', () => {
      const fields = [col('a', { kind: 'int32' }), col('b', { kind: 'utf8' }, true)];
      const text = '{"a":1,"b":"x"}\r\n\n  \t\r\n { "b" : "y" ,\t"zz" : {"a":[1,{"b":[]},"]}"],"n":null} , "a" : 2 } \n{"a":3,"b":null}\n{"a":4}';
      expect(decode(fields, text)).toMatchObject({
        rowsOut: [{ a: 1, b: 'x' }, { a: 2, b: 'y' }, { a: 3, b: null }, { a: 4, b: null }], lines: 4, bad: [], positions: 0,
      });
    });

    test('bad lines are left out and say why, where and what', () => {
      const fields = [col('a', { kind: 'int32' }), col('b', { kind: 'utf8' }, true)];
      const lines = ['{"a":1}', 'oops\r', '{"a":2}', '{"a":"3"}', '{"b":"q"}', '{"a":4}x', '{"a":5'];
      const { rowsOut, rowLines, bad, badText } = decode(fields, lines.join('\n'));
      expect(rowsOut).toEqual([{ a: 1, b: null }, { a: 2, b: null }]);
      expect(rowLines).toEqual([0, 2]);
      expect(badText).toEqual(['oops', '{"a":"3"}', '{"b":"q"}', '{"a":4}x', '{"a":5']);
      expect(bad.map(({ line, code, reason }) => [line, code, reason])).toEqual([
        [1, 'BAD_ROW', 'at byte 0: the line is not a JSON object'],
        [3, 'BAD_ROW', 'column "a" (int32): found a string, expected a number'],
        [4, 'NULL_IN_NON_NULL', 'column "a" (int32): the value is missing or null, and the column is not nullable'],
        [5, 'BAD_ROW', 'at byte 7: something follows the end of the object'],
        [6, 'BAD_ROW', 'at byte 6: a comma or the end of the object or array is expected'],
      ]);
    });

    test('integers are exact to their last one', () => {
      expect(one({ kind: 'int64' }, '9223372036854775807')).toBe(9223372036854775807n);
      expect(one({ kind: 'int64' }, '-9223372036854775808')).toBe(-9223372036854775808n);
      expect(one({ kind: 'int64' }, '9223372036854775808')).toMatch(/does not fit/);
      expect(one({ kind: 'uint64' }, '18446744073709551615')).toBe(18446744073709551615n);
      expect(one({ kind: 'uint64' }, '18446744073709551616')).toMatch(/does not fit/);
      expect(one({ kind: 'uint64' }, '-1')).toMatch(/does not fit/);
      expect(one({ kind: 'uint64' }, '-0')).toBe(0n);
      expect(one({ kind: 'int8' }, '-128')).toBe(-128);
      expect(one({ kind: 'int8' }, '128')).toMatch(/does not fit/);
      expect(one({ kind: 'uint32' }, '4294967295')).toBe(4294967295);
      expect(one({ kind: 'int32' }, '1.5')).toMatch(/more digits/);
      expect(one({ kind: 'int32' }, '150e-1')).toBe(15);
      expect(one({ kind: 'int32' }, '1.000')).toBe(1);
      expect(one({ kind: 'int32' }, '2e9')).toBe(2000000000);
      expect(one({ kind: 'int32' }, '1e400')).toMatch(/does not fit/);
      expect(one({ kind: 'int32' }, '0e400')).toBe(0);
      for (const malformed of ['01', '-', '+1', '1.', '.5', '1e', '0x10', '1_0', '--1', 'NaN']) expect(one({ kind: 'int32' }, malformed)).toMatch(/^bad/);
    });

    test('floats are the nearest ones', () => {
      const texts = ['0.1', '-0', '1e22', '1e23', '123456789012345678', '0.30000000000000004', '5e-324', '2.2250738585072011e-308', '1.7976931348623157e308',
        '9007199254740993', '0.000001', '123456.789e-5', '100000000000000000000000', '1e400', '-1e-400', '8.5899345920000001e9', '3.141592653589793'];
      for (const text of texts) expect(one({ kind: 'float64' }, text)).toBe(JSON.parse(text));
      expect(one({ kind: 'float32' }, '0.1')).toBe(Math.fround(0.1));
      expect(one({ kind: 'float64' }, '"1"')).toMatch(/found a string/);
    });

    test('of several hard floats of one name the last wins, and bad lines leave none behind', () => {
      const fields = [col('x', { kind: 'float64' }), col('y', { kind: 'float64' }, true)];
      const hard = '0.30000000000000004';
      const text = [`{"x":${hard},"x":1}`, `{"x":${hard},"y":${hard},"y":null}`, `{"x":${hard},"y":oops}`, '{"x":2,"y":3}', `{"x":1,"x":${hard}}`].join('\n');
      expect(decode(fields, text).rowsOut).toEqual([{ x: 1, y: null }, { x: +hard, y: null }, { x: 2, y: 3 }, { x: +hard, y: null }]);
    });

    test('decimals are exact, from numbers and from strings', () => {
      const decimal = { kind: 'decimal', precision: 5, scale: 2 } as const;
      expect(one(decimal, '12.3')).toBe(1230n);
      expect(one(decimal, '-12.30000')).toBe(-1230n);
      expect(one(decimal, '"999.99"')).toBe(99999n);
      expect(one(decimal, '1000')).toMatch(/decimal\(5, 2\)\): the number does not fit/);
      expect(one(decimal, '0.001')).toMatch(/more digits/);
      expect(one(decimal, '" 1"')).toMatch(/malformed/);
      expect(one({ kind: 'decimal', precision: 18, scale: 0 }, '999999999999999999')).toBe(999999999999999999n);
      expect(one({ kind: 'decimal', precision: 18, scale: 18 }, '0.123456789012345678')).toBe(123456789012345678n);
    });

    test('times', () => {
      const ms = { kind: 'timestamp', unit: 'ms' } as const;
      const us = { kind: 'timestamp', unit: 'us' } as const;
      const noon = BigInt(Date.UTC(2024, 1, 29, 12, 34, 56, 789));
      expect(one(ms, '"2024-02-29T12:34:56.789Z"')).toBe(noon);
      expect(one(ms, '"2024-02-29 12:34:56.7899"')).toBe(noon);
      expect(one(ms, '"2024-02-29t14:04:56,789+01:30"')).toBe(noon);
      expect(one(ms, '"2024-02-29T11:34:56.789-01"')).toBe(noon);
      expect(one(us, '"2024-02-29T12:34:56.789012+0000"')).toBe(noon * 1000n + 12n);
      expect(one(ms, '"2024-02-29T12:34"')).toBe(BigInt(Date.UTC(2024, 1, 29, 12, 34)));
      expect(one(ms, '"1969-12-31T23:59:59.999z"')).toBe(-1n);
      expect(one(ms, '"0001-01-01"')).toBe(BigInt(Date.parse('0001-01-01')));
      expect(one(ms, '"+012345-06-07"')).toBe(BigInt(Date.parse('+012345-06-07')));
      expect(one(ms, '"2024\\u002d02-29"')).toBe(BigInt(Date.parse('2024-02-29')));
      expect(one(ms, '1700000000123')).toBe(1700000000123n);
      expect(one(us, '-1')).toBe(-1n);
      expect(one({ kind: 'date' }, '"2024-02-29"')).toBe(19782);
      for (const text of ['2023-02-29', '2024-13-01', '2024-00-01', '2024-2-1', '2024-01-01T24:00', '2024-01-01T12:60', '2024-01-01T12:00:60',
        '2024-01-01T', '2024-01-01T12', '2024-01-01T12:00:00.', '2024-01-01T12:00+1', '2024-01-01T12:00Zx', '', 'soon', '20240101']) {
        expect(one(ms, `"${text}"`)).toMatch(/not an ISO 8601 time/);
      }
      expect(one({ kind: 'date' }, '"2024-02-29T00:00"')).toMatch(/not a date/);
      expect(one({ kind: 'date' }, '1')).toMatch(/found a number/);
    });

    test('strings: escapes, surrogates, other bytes', () => {
      const text = { kind: 'utf8' } as const;
      expect(one(text, '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00 žluťoučký 😀 and longer than sixteen"'))
        .toBe('"\\/\b\f\n\r\tAé€😀 žluťoučký 😀 and longer than sixteen');
      expect(one(text, '"\\u0000"')).toBe('\0');
      expect(one(text, '"\\ud800"')).toMatch(/surrogate/);
      expect(one(text, '"\\ud800\\u0041"')).toMatch(/surrogate/);
      expect(one(text, '"\\udc00"')).toMatch(/surrogate/);
      expect(one(text, '"\\x41"')).toMatch(/escape/);
      expect(one(text, '"\\u12g4"')).toMatch(/escape/);
      expect(one(text, '"a\tb"')).toMatch(/control character/);
      expect(one(text, '"abc')).toMatch(/ends inside a string/);
      expect(one(text, '12')).toMatch(/column "x" \(utf8\): found a number, expected a string/);
      expect(one(text, '{}')).toMatch(/found an object/);
      expect(one({ kind: 'bool' }, 'true')).toBe(true);
      expect(one({ kind: 'bool' }, '1')).toMatch(/found a number, expected true or false/);
      for (const bytes of [[0x80], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf0, 0x80, 0x80, 0x80], [0xc3], [0xff]]) {
        const line = Buffer.concat([Buffer.from('{"x":"'), Buffer.from(bytes), Buffer.from('"}')]);
        expect(decode([col('x', text)], line).bad[0]!.reason).toMatch(/UTF-8/);
      }
    });

    test('binary from base64', () => {
      const binary = { kind: 'binary' } as const;
      expect(one(binary, '""')).toEqual(new Uint8Array());
      expect(one(binary, '"AQID"')).toEqual(new Uint8Array([1, 2, 3]));
      expect(one(binary, '"AQ=="')).toEqual(new Uint8Array([1]));
      expect(one(binary, '"AQ"')).toEqual(new Uint8Array([1]));
      expect(one(binary, '"+\\/-_"')).toEqual(new Uint8Array(Buffer.from('+/-_', 'base64')));
      expect(one(binary, '"\\u0041Q=\\u003d"')).toEqual(new Uint8Array([1]));
      for (const text of ['A', 'AQ=', 'AQ===', 'A=QI', '====', 'A Q=']) expect(one(binary, `"${text}"`)).toMatch(/not base64/);
    });

    test('names: escaped, repeated, long, similar', () => {
      const long = 'a name that takes more than sixteen bytes';
      const fields = [col('id', { kind: 'int32' }), col('i', { kind: 'int32' }, true), col(long, { kind: 'int32' }, true), col('ž"', { kind: 'int32' }, true)];
      const text = [`{"\\u0069d":1,"id":2,"idx":9,"${long}":3}`, `{"\\u0069d":4,"id":5,"idx":9,"${long}":6}`, '{"id":7,"\\u017e\\"":8,"i":9}'].join('\n');
      expect(decode(fields, text).rowsOut).toEqual([
        { id: 2, i: null, [long]: 3, 'ž"': null }, { id: 5, i: null, [long]: 6, 'ž"': null }, { id: 7, i: 9, [long]: null, 'ž"': 8 },
      ]);
    });

    test('nesting to 1,024 levels; more is refused, not a crash', () => {
      const nested = (levels: number): string => `{"y":${'['.repeat(levels)}${']'.repeat(levels)},"x":1}`;
      const fields = [col('x', { kind: 'int32' })];
      expect(decode(fields, nested(1024)).rows).toBe(1);
      expect(decode(fields, nested(1025)).bad[0]!.reason).toMatch(/1,024 deep/);
      for (const y of ['{"a":}', '[1,]', '[}', '{]', '{"a":1,}', '[1 2]', '{"a" 1}', '{a:1}', '[', '{"a":{}', 'tru', 'nulll', "'a'"]) {
        expect([y, decode(fields, `{"y":${y},"x":1}`).rows]).toEqual([y, 0]);
      }
    });

    test('more bad lines than one list holds', () => {
      const text = Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? `{"x":${i}}` : 'bad')).join('\n');
      const { rowsOut, rowLines, bad } = decode([col('x', { kind: 'int32' })], text);
      expect(rowsOut.map(row => row.x)).toEqual(rowLines);
      expect([rowsOut.length, bad.length, bad.at(-1)!.line]).toEqual([1000, 2000, 2999]);
    });

    test('no columns, no lines', () => {
      expect(decode([], '{"a":1}\n{}\n')).toMatchObject({ rows: 2, lines: 2 });
      expect(decode([col('x', { kind: 'utf8' })], '')).toMatchObject({ rows: 0, lines: 0, bad: [] });
    });
  });
}
