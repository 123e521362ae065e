import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { PassThrough, Readable, Writable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { jsonl } from '../../../src/connectors/jsonl.ts';
import type { Fields } from '../../../src/plan/types.ts';
import { batchOf, col, folder, readItems, readRows, writeAll } from './support.ts';

const path = folder();
const one: Fields = [col('n', { kind: 'int32' })];

const every: Fields = [
  col('bool', { kind: 'bool' }, true), col('int8', { kind: 'int8' }, true), col('uint16', { kind: 'uint16' }, true), col('int64', { kind: 'int64' }, true),
  col('uint64', { kind: 'uint64' }, true), col('float32', { kind: 'float32' }, true), col('float64', { kind: 'float64' }, true), col('text', { kind: 'utf8' }, true),
  col('binary', { kind: 'binary' }, true), col('date', { kind: 'date' }, true), col('ms', { kind: 'timestamp', unit: 'ms' }, true),
  col('us', { kind: 'timestamp', unit: 'us' }, true), col('money', { kind: 'decimal', precision: 18, scale: 2 }, true),
];
const everyLine = [
  '{"bool":true,"int8":-128,"uint16":65535,"int64":9223372036854775807,"uint64":18446744073709551615,"float32":0.5,"float64":0.1,',
  '"text":"a \\"b\\"\\n\\u0000ž😀","binary":"AQI=","date":"2024-02-29","ms":"2024-02-29T12:00:00.007Z","us":"1969-12-31T23:59:59.999999Z","money":-12.30}',
].join('');

describe('jsonl as a sink', () => {
  test('writes each type as documented, and reads it back', async () => {
    const file = path('every.jsonl');
    const nulls = `{${every.map(field => `"${field.name}":null`).join(',')}}`;
    const extremes = nulls.replace('"int64":null', '"int64":-9223372036854775808').replace('"ms":null', '"ms":"+200000-01-01T00:00:00.000Z"')
      .replace('"float64":null', '"float64":-0').replace('"money":null', '"money":0.01');
    const text = `${everyLine}\n${nulls}\n${extremes}\n`;
    await writeAll(jsonl(file), batchOf(every, text));
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(existsSync(`${file}.partial`)).toBe(false);
    expect((await readRows(jsonl(file), every))[0]).toMatchObject({ int64: 9223372036854775807n, us: -1n, money: -1230n });
  });

  test('far times and non-ASCII columns', async () => {
    const fields = [col('us', { kind: 'timestamp', unit: 'us' }), col('text', { kind: 'utf8' })];
    const text = '{"us":"-200000-12-31T23:59:59.999999Z","text":"é"}\n{"us":"2500-01-01T00:00:00.000001Z","text":""}\n';
    await writeAll(jsonl(path('far.jsonl')), batchOf(fields, text));
    expect(readFileSync(path('far.jsonl'), 'utf8')).toBe(text);
  });

  test('until it is closed there is only a partial file, and after an abort none', async () => {
    const file = path('atomic.jsonl');
    writeFileSync(file, 'old');
    const sink = jsonl(file);
    await sink.open(one);
    await sink.write(batchOf(one, '{"n":1}'));
    expect(readFileSync(file, 'utf8')).toBe('old');
    await sink.abort();
    expect([readFileSync(file, 'utf8'), existsSync(`${file}.partial`)]).toEqual(['old', false]);
    await writeAll(sink, batchOf(one, '{"n":2}'));
    expect(readFileSync(file, 'utf8')).toBe('{"n":2}\n');
  });

  test('a folder that is not there is a coded error', async () => {
    const sink = jsonl(path('no/such/folder.jsonl'));
    await sink.open(one);
    await expect((async () => { await sink.write(batchOf(one, '{"n":1}')); await sink.close(); })()).rejects.toMatchObject({ code: 'SINK_FAILED' });
    await sink.abort();
  });

  test('a slow stream slows the writer; a failing one fails it', async () => {
    let most = 0;
    const chunks: string[] = [];
    const slow = new Writable({
      highWaterMark: 1024, decodeStrings: false,
      write(chunk: string, _encoding, done) {
        most = Math.max(most, slow.writableLength);
        chunks.push(chunk);
        setTimeout(done, 1);
      },
    });
    const lines = Array.from({ length: 200_000 }, (_, n) => `{"n":${n}}`).join('\n');
    await writeAll(jsonl(slow), batchOf(one, lines));
    expect(chunks.join('')).toBe(`${lines}\n`);
    expect(most).toBeLessThan(600_000);

    const failing = new Writable({ write(_chunk, _encoding, done) { done(new Error('disk is full')); } });
    await expect(writeAll(jsonl(failing), batchOf(one, '{"n":1}'))).rejects.toMatchObject({ code: 'SINK_FAILED', message: expect.stringMatching(/disk is full/) });
  });

  test('.gz is compressed and read back', async () => {
    const file = path('packed.jsonl.gz');
    await writeAll(jsonl(file), batchOf(one, '{"n":7}'));
    expect(gunzipSync(readFileSync(file)).toString()).toBe('{"n":7}\n');
    expect(await readRows(jsonl(file), one)).toEqual([{ n: 7 }]);
  });
});

describe('jsonl as a source', () => {
  const big = Array.from({ length: 50_000 }, (_, n) => `{"n":${n},"pad":"${'x'.repeat(n % 50)}"}`).join('\r\n');

  test('splits at line ends, keeps every byte, reports progress', async () => {
    writeFileSync(path('big.jsonl'), big);
    const source = jsonl(path('big.jsonl'));
    const items = await readItems(source, one, 1);
    expect(items.length).toBeGreaterThan(5);
    expect(Buffer.concat(items.map(item => (item.kind === 'text' ? Buffer.from(item.bytes) : Buffer.alloc(0)))).toString()).toBe(big);
    expect(await readRows(source, one)).toEqual(Array.from({ length: 50_000 }, (_, n) => ({ n })));
    const reader = await source.read({ schema: one, batchRows: 1, batchBytes: 1, signal: new AbortController().signal });
    await reader.next();
    expect(reader.progress!()).toEqual({ done: 262_144, total: big.length, unit: 'bytes' });
    await reader.close();
  });

  test('from streams of any chunks, with a byte order mark', async () => {
    const bytes = Buffer.from(`\ufeff${big}`);
    const chunks = [bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2, 10), ...Array.from({ length: 100 }, (_, i) => bytes.subarray(10 + i * 7, 17 + i * 7)), bytes.subarray(710)];
    expect(await readRows(jsonl(Readable.from(chunks)), one)).toHaveLength(50_000);
    writeFileSync(path('big.jsonl.gz'), gzipSync(bytes));
    expect(await readRows(jsonl(path('big.jsonl.gz')), one)).toHaveLength(50_000);
  });

  test('what a live stream offers is not held back', async () => {
    const stream = new PassThrough();
    const reader = await jsonl(stream).read({ schema: one, batchRows: 1000, batchBytes: 1 << 20, signal: new AbortController().signal });
    for (let n = 0; n < 3; n++) {
      stream.write(`{"n":${n}}\n{"n"`);
      expect(await reader.next()).toMatchObject({ kind: 'text' });
      stream.write(':0}\n');
      expect(await reader.next()).toMatchObject({ kind: 'text' });
    }
    stream.end();
    expect(await reader.next()).toBeNull();
    await reader.close();
  });

  test('a missing file, a failing stream, a broken archive, an endless line', async () => {
    await expect(readItems(jsonl(path('absent.jsonl')), one)).rejects.toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringMatching(/absent\.jsonl/) });
    const failing = new Readable({ read() { this.destroy(new Error('line dropped')); } });
    await expect(readItems(jsonl(failing), one)).rejects.toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringMatching(/line dropped/) });
    writeFileSync(path('broken.jsonl.gz'), 'no archive');
    await expect(readItems(jsonl(path('broken.jsonl.gz')), one)).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
    writeFileSync(path('endless.jsonl'), `{"n":1}\n{"n":"${'1'.repeat(5_000_000)}"}\n`);
    await expect(readItems(jsonl(path('endless.jsonl'), { maxRecordBytes: 1_000_000 }), one)).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/byte 8 is longer than 1000000 bytes/) });
    expect(await readItems(jsonl(path('endless.jsonl')), one)).toHaveLength(2);
  });

  test('the longest line that is taken is the one that was asked for', async () => {
    const limit = 3_000_000;
    const line = (bytes: number): string => `{"n":"${'1'.repeat(bytes - 8)}"}`;
    for (const before of ['', '{"n":1}\n']) {
      writeFileSync(path('long.jsonl'), `${before}${line(limit)}\n{"n":2}\n`);
      expect((await readItems(jsonl(path('long.jsonl'), { maxRecordBytes: limit }), one)).length).toBeGreaterThan(0);
      writeFileSync(path('long.jsonl'), `${before}${line(limit + 1)}\n{"n":2}\n`);
      await expect(readItems(jsonl(path('long.jsonl'), { maxRecordBytes: limit }), one)).rejects.toMatchObject({ code: 'BAD_FILE' });
    }
  });

  test.skipIf(process.platform === 'win32')('a named pipe: what is written is read, and without a writer it can be closed', async () => {
    const pipe = path('pipe.jsonl');
    execFileSync('mkfifo', [pipe]);
    const waiting = await jsonl(pipe).read({ schema: one, batchRows: 65_536, batchBytes: 1 << 20, signal: new AbortController().signal });
    const next = waiting.next();
    await waiting.close();
    expect(await next).toBeNull();
    const rows = readRows(jsonl(pipe), one);
    await writeFile(pipe, '{"n":1}\n{"n":2}');
    expect(await rows).toMatchObject([{ n: 1 }, { n: 2 }]);
  });

  test('an empty file has no items', async () => {
    writeFileSync(path('empty.jsonl'), '');
    expect(await readItems(jsonl(path('empty.jsonl')), one)).toEqual([]);
  });
});
