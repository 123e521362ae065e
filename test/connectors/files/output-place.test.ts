import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { arrowIpcFile } from '../../../src/connectors/arrow-ipc-file.ts';
import { csv } from '../../../src/connectors/csv.ts';
import { jsonl } from '../../../src/connectors/jsonl.ts';
import { parquet } from '../../../src/connectors/parquet.ts';
import type { Sink } from '../../../src/connectors/sink.ts';
import type { Fields } from '../../../src/plan/types.ts';
import { batchOf, col, folder, writeAll } from './support.ts';

const path = folder();
const one: Fields = [col('n', { kind: 'int32' })];
const batch = () => batchOf(one, '{"n":1}');
const sinks: [string, (path: string) => Sink][] = [['jsonl', jsonl], ['csv', csv], ['parquet', parquet], ['arrowIpcFile', arrowIpcFile]];

describe.each(sinks)('a file that %s writes', (kind, make) => {
  test('is not written by two sinks at once, but after one another', async () => {
    const file = path(`twice.${kind}`);
    const [first, second] = [make(file), make(path(`./twice.${kind}`))];
    await first.open(one);
    await expect((async () => second.open(one))()).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringMatching(/another sink is writing to/) as string });
    await second.abort();
    if (kind !== 'arrowIpcFile') await first.write(batch());
    await first.close();
    expect([existsSync(file), existsSync(`${file}.partial`)]).toEqual([true, false]);
    await second.open(one);
    await second.abort();
    expect([existsSync(file), existsSync(`${file}.partial`)]).toEqual([true, false]);
  });

  test('cannot be a folder, which is told before any work', async () => {
    const place = path(`folder.${kind}`);
    mkdirSync(place);
    const sink = make(place);
    await expect((async () => sink.open(one))()).rejects.toMatchObject({ code: 'SINK_FAILED', message: expect.stringMatching(/is a folder/) as string });
    await sink.abort();
    expect(existsSync(`${place}.partial`)).toBe(false);
  });
});

describe.skipIf(process.platform === 'win32')('what is no plain file', () => {
  test.each([['jsonl', jsonl], ['csv', csv]])('a named pipe is written to, not replaced: %s', async (kind, make) => {
    const pipe = path(`pipe.${kind}`);
    execFileSync('mkfifo', [pipe]);
    const read = readFile(pipe, 'utf8');
    await writeAll(make(pipe), batch());
    expect(await read).toBe(kind === 'csv' ? 'n\n1\n' : '{"n":1}\n');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(existsSync(`${pipe}.partial`)).toBe(false);
  });

  test('a link stays, and what it leads to is replaced', async () => {
    const [file, link] = [path('real.jsonl'), path('link.jsonl')];
    writeFileSync(file, 'old');
    symlinkSync(file, link);
    await writeAll(jsonl(link), batch());
    expect([readFileSync(file, 'utf8'), lstatSync(link).isSymbolicLink()]).toEqual(['{"n":1}\n', true]);
  });
});
