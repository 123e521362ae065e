import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { csv } from '../../../src/connectors/csv.ts';
import { csvRecordEnd } from '../../../src/connectors/csv-records.ts';
import type { Fields } from '../../../src/plan/types.ts';
import { batchOf, col, folder, readItems, readRows, writeAll } from './support.ts';

const path = folder();
const fields: Fields = [col('n', { kind: 'int64' }, true), col('text', { kind: 'utf8' }, true), col('x', { kind: 'float64' }, true), col('at', { kind: 'timestamp', unit: 'ms' }, true)];
const rows = '{"n":9223372036854775807,"text":"a, \\"b\\"\\nc","x":0.1,"at":0}\n{"n":null,"text":"","x":-0,"at":null}\n{"n":1,"text":null,"x":null,"at":1}';
const text = 'n,text,x,at\n9223372036854775807,"a, ""b""\nc",0.1,1970-01-01T00:00:00.000Z\n,"",-0,\n1,,,1970-01-01T00:00:00.001Z\n';
const raw = [
  { n: 9223372036854775807n, text: 'a, "b"\nc', x: 0.1, at: 0n }, { n: null, text: '', x: -0, at: null }, { n: 1n, text: null, x: null, at: 1n },
];

describe('csv', () => {
  test('writes null as nothing and the empty text in quotes, and reads them back', async () => {
    await writeAll(csv(path('a.csv')), batchOf(fields, rows));
    expect(readFileSync(path('a.csv'), 'utf8')).toBe(text);
    expect(await readRows(csv(path('a.csv')), fields)).toEqual(raw);
    await writeAll(csv(path('b.csv'), { delimiter: ';', header: false }), batchOf(fields, rows));
    expect(readFileSync(path('b.csv'), 'utf8')).toBe(text.replace('n,text,x,at\n', '').replaceAll(',', ';').replace('"a; ""b""\nc"', '"a, ""b""\nc"'));
    expect(await readRows(csv(path('b.csv'), { delimiter: ';', header: ['n', 'text', 'x', 'at'] }), fields)).toEqual(raw);
  });

  test('the header names the columns, in any order and with others', async () => {
    writeFileSync(path('c.csv'), '\ufeff\r\n"te""xt",other, n\r\nx,y,1\r\n');
    const schema = [col(' n', { kind: 'int32' }), col('te"xt', { kind: 'utf8' })];
    expect(await readRows(csv(path('c.csv')), schema)).toEqual([{ ' n': 1, 'te"xt': 'x' }]);
    await expect(readItems(csv(path('c.csv')), fields)).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/no column "n"; it has "te"xt", "other", " n"/) });
    writeFileSync(path('d.csv'), 'a,a\n1,2\n');
    await expect(readItems(csv(path('d.csv')), [col('a', { kind: 'int32' })])).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/2 columns "a"/) });
    writeFileSync(path('e.csv'), '');
    await expect(readItems(csv(path('e.csv')), fields)).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/empty/) });
    writeFileSync(path('f.csv'), 'a');
    expect(await readRows(csv(path('f.csv')), [col('a', { kind: 'int32' })])).toEqual([]);
    await expect(readItems(csv(path('f.csv'), { header: false }), fields)).rejects.toMatchObject({ code: 'BAD_OPTION' });
    for (const delimiter of ['', 'ab', '1', '"', '\n', 'e', 'é']) expect(() => csv('x', { delimiter })).toThrow(/BAD_OPTION/);
  });

  test('records that span chunks, with line ends in quotes, from a file and a stream', async () => {
    const records = Array.from({ length: 20_000 }, (_, n) => `${n},"line one\nline ""two"" ${'x'.repeat(n % 40)}\n",,`);
    const body = `n,text,x,at\n${records.join('\r\n')}`;
    writeFileSync(path('big.csv'), body);
    const back = await readRows(csv(path('big.csv')), fields, 1);
    expect(back.map(row => row.n)).toEqual(records.map((_, n) => BigInt(n)));
    expect(await readItems(csv(path('big.csv')), fields, 1)).not.toHaveLength(1);
    const chunks = Array.from({ length: Math.ceil(body.length / 7777) }, (_, i) => Buffer.from(body.slice(i * 7777, (i + 1) * 7777)));
    expect(await readRows(csv(Readable.from(chunks)), fields)).toEqual(back);
  });

  test('a quote that is never closed is an error, not unbounded memory', async () => {
    writeFileSync(path('open.csv'), `a\n"${'x\n'.repeat(500_000)}`);
    await expect(readItems(csv(path('open.csv'), { maxRecordBytes: 300_000 }), [col('a', { kind: 'utf8' })])).rejects.toMatchObject({ code: 'BAD_FILE' });
  });

  test('record ends found in growing buffers are those of a plain state machine', () => {
    const naive = (bytes: Buffer): number => {
      let quoted = false;
      let end = 0;
      for (let i = 0; i < bytes.length; i++) {
        if (quoted) {
          if (bytes[i] === 34 && bytes[i + 1] === 34) i++;
          // A closing quote must be seen to be none of a pair.
          else if (bytes[i] === 34 && i + 1 < bytes.length) quoted = false;
        } else if (bytes[i] === 10) end = i + 1;
        else if (bytes[i] === 34) quoted = i === 0 || bytes[i - 1] === 10 || bytes[i - 1] === 44;
      }
      return end;
    };
    fc.assert(fc.property(fc.array(fc.constantFrom('"', '"', ',', '\n', 'a', '\r\n'), { maxLength: 60 }), fc.array(fc.nat({ max: 60 })), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(''));
      const find = csvRecordEnd(',');
      let from = 0;
      for (const length of [...cuts.filter(cut => cut > 0 && cut < bytes.length).sort((a, b) => a - b), bytes.length]) {
        expect(find(bytes, length, from)).toBe(naive(bytes.subarray(0, length)));
        from = length;
      }
    }), { numRuns: 2000 });
  });
});
