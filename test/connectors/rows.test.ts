import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { rows } from '../../src/connectors/rows.ts';
import type { SourceItem, SourceReader } from '../../src/connectors/source.ts';
import { drain } from '../support/drain.ts';

const rowsOf = (item: SourceItem | null): readonly unknown[] => item?.kind === 'rows' ? item.rows : [];
const open = (source: ReturnType<typeof rows>, signal = new AbortController().signal, batchRows = 10): Promise<SourceReader> =>
  source.read({ schema: [], batchRows, batchBytes: 1e6, signal });
async function* count(end: number): AsyncGenerator<number> {
  for (let n = 0; n < end; n++) yield n;
}

test('arrays and generators come in batches', async () => {
  const input = Array.from({ length: 25 }, (_, n) => ({ n }));
  for (const source of [rows(input), rows(input.values()), rows(count(25))]) {
    const items = await drain(source, [], 10);
    expect(items.map(item => rowsOf(item).length)).toEqual([10, 10, 5]);
  }
  expect((await drain(rows(count(25)), [], 10)).flatMap(rowsOf)).toEqual(Array.from({ length: 25 }, (_, n) => n));
  expect(await drain(rows([]), [])).toEqual([]);
  expect(await drain(rows(count(0)), [])).toEqual([]);
  expect(rows([], { name: 'x', bounded: false })).toMatchObject({ name: 'x', bounded: false });
});

test('a slow source gives partial batches, and loses nothing', async () => {
  async function* slow(): AsyncGenerator<number> {
    for (let n = 0; n < 6; n++) {
      await sleep(n === 3 ? 120 : 1);
      yield n;
    }
  }
  const items = await drain(rows(slow()), [], 1000);
  expect(items.length).toBeGreaterThan(1);
  expect(rowsOf(items[0]!)).toEqual([0, 1, 2]);
  expect(items.flatMap(rowsOf)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('rows before an error come first', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    throw new Error('broken');
  }
  const reader = await open(rows(failing()));
  expect(rowsOf(await reader.next())).toEqual([1]);
  await expect(reader.next()).rejects.toThrow('broken');
  await reader.close();
});

test('a wait ends when the reader is closed, even if the source never answers; a stop alone is not the end of the input', async () => {
  const never: AsyncIterable<unknown> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  async function* stuck(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => {});
  }
  for (const input of [never, stuck()]) {
    const controller = new AbortController();
    const reader = await open(rows(input), controller.signal);
    if (input !== never) expect(rowsOf(await reader.next())).toEqual([1]);
    const next = reader.next();
    controller.abort();
    expect(await Promise.race([next, sleep(20, 'waits')])).toBe('waits');
    await reader.close();
    expect(await next).toBeNull();
  }
});

test('closing early lets generators clean up', async () => {
  let cleaned = 0;
  function* sync(): Generator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      cleaned++;
    }
  }
  async function* async(): AsyncGenerator<number> {
    yield* sync();
  }
  for (const source of [rows(sync()), rows(async())]) {
    const reader = await open(source);
    expect(rowsOf(await reader.next())).toHaveLength(10);
    await reader.close();
  }
  expect(cleaned).toBe(2);
});
