import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrowLibrary from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrow, collect, count, createEngine, type Engine, global, jsonl, max, rows, schema, stream, sum, t, tumbling } from 'millrace';
import { bounded, Event, expectBalanced, failure, letterBox, ProbeSink, SMALL, within } from './support.ts';

let engine: Engine;
beforeAll(() => { engine = createEngine({ workers: 2, heap: '256MiB' }); });
afterAll(() => engine.close());
const Text = schema({ key: t.utf8, n: t.int64 });

describe('a heap too small', () => {
  test('to start with is refused, with the least that will do', bounded, async () => {
    for (const heap of [0, 1_000_000, '8MiB']) {
      const error = await failure(stream(rows([]), Text).to(collect()).run({ workers: 2, heap }));
      expect(error.message).toMatch(/^HEAP_TOO_SMALL: a heap of .* is too small for 2 workers: give at least 26MiB/);
    }
    await within(stream(rows([{ key: 'a', n: 1 }]), Text).groupBy('key').window(global()).aggregate(() => ({ n: count() })).to(collect()).run({ workers: 2, heap: '26MiB' }));
  });

  function* groups(): Generator<unknown> {
    for (let n = 0; ; n++) yield { key: `a key of some length, number ${n}`, n };
  }
  for (const partitioner of ['hash', 'local'] as const) {
    test(`for the state of all groups ends the job with STATE_FULL, at once (${partitioner})`, bounded, async () => {
      const own = createEngine({ workers: 2, heap: '32MiB' });
      const sink = new ProbeSink();
      const error = await failure(stream(rows(groups()), Text).groupBy('key').window(global()).aggregate(row => ({ n: sum(row.n) })).to(sink).run({ engine: own, partitioner, batchRows: 5000 }));
      expect(error.code).toMatch(/^(STATE|HEAP)_FULL$/);
      expect(error.message).toMatch(/of 32 MiB, \d+ hold window state, \d+ batches in flight, \d+ tables of the user's, \d+ dictionaries and working memory/);
      expect(error.message).toMatch(/larger heap/);
      expect(sink.calls).toEqual(['open', 'abort']);
      const after = collect<{ n: bigint }>();
      await within(stream(rows([{ key: 'a', n: 5 }]), Text).groupBy('key').window(global()).aggregate(row => ({ n: sum(row.n) })).to(after).run({ engine: own }));
      expect(after.rows.map(row => row.n)).toEqual([5n]);
      await own.close();
    });
  }

  test('for one batch says so', bounded, async () => {
    const error = await failure(stream(rows(Array.from({ length: 40 }, () => ({ key: 'x'.repeat(1 << 20), n: 1 }))), Text).to(collect()).run({ workers: 1, heap: '24MiB' }));
    expect(error.code).toMatch(/^(HEAP_FULL|BATCH_TOO_LARGE)$/);
    expect(error.message).toMatch(/larger heap/);
  });

  test('for tables says so', bounded, () => {
    const own = createEngine({ workers: 1, heap: '24MiB' });
    const table = own.table(Text);
    expect(() => { for (;;) table.batch(65_536); }).toThrow(/HEAP_FULL: .*tables of the user's/);
    return own.close();
  });
});

describe('a sum that overflows', () => {
  const big = 2n ** 62n;
  const job = (values: readonly bigint[], options: object) => stream(rows(values.map((n, at) => ({ key: 'a', n, at }))), Event).groupBy('key').window(global())
    .aggregate(row => ({ total: sum(row.n) })).collect({ engine, ...options });
  for (const partitioner of ['hash', 'local'] as const) {
    for (const batchRows of [1, 2, 100]) {
      test(`is an error, and one that only seems to is none, whatever the order (${partitioner}, batches of ${batchRows})`, bounded, async () => {
        for (const values of [[big, big, -1n, 1n], [1n, big, -1n, big], [-big, -big, -1n]]) {
          const error = await failure(job(values, { partitioner, batchRows }));
          expect(error.code).toBe('AGGREGATE_OVERFLOW');
          expect(error.message).toMatch(/total|sum/);
        }
        for (const values of [[big, big, -1n], [-1n, big, big], [big, -big, big, -big, 7n]]) {
          expect(await within(job(values, { partitioner, batchRows }))).toEqual([{ key: 'a', total: values.reduce((all, n) => all + n) }]);
        }
      });
    }
  }
});

describe('large values', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-large-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('a key that is too large to be kept makes a dead letter of its row', bounded, async () => {
    const [limit, huge] = ['x'.repeat(1_000_000), 'y'.repeat(1_100_000)];
    const input = [{ key: 'a', n: 1 }, { key: huge, n: 2 }, { key: limit, n: 3 }, { key: 'a', n: 4 }, { key: huge, n: 5 }];
    for (const partitioner of ['hash', 'local'] as const) {
      const letters = letterBox();
      const sink = collect<{ key: string; n: bigint }>();
      const stats = await within(stream(rows(input), Text).groupBy('key').window(global()).aggregate(row => ({ n: sum(row.n) })).deadLetters(letters.sink).to(sink).run({ engine, partitioner }));
      expect(letters.list()).toEqual(['1 KEY_TOO_LARGE', '4 KEY_TOO_LARGE']);
      expect(new Map(sink.rows.map(row => [row.key, row.n]))).toEqual(new Map([['a', 5n], [limit, 3n]]));
      expect(stats.sources[0]).toMatchObject({ read: 5, applied: 3, deadLettered: 2 });
      expectBalanced(stats);
    }
  });

  test('the parts of a key count together', bounded, async () => {
    const letters = letterBox();
    const Two = schema({ a: t.utf8, b: t.utf8, n: t.int64 });
    const half = 'z'.repeat(600_000);
    await within(stream(rows([{ a: half, b: half, n: 1 }, { a: half, b: '', n: 1 }]), Two).groupBy('a', 'b').window(global()).aggregate(() => ({ n: count() }))
      .deadLetters(letters.sink).to(collect()).run({ engine }));
    expect(letters.list()).toEqual(['0 KEY_TOO_LARGE']);
  });

  test('a text too large for window state is refused in words', bounded, async () => {
    const error = await failure(stream(rows([{ key: 'x'.repeat(3_000_000), n: 1 }]), Text).window(global()).aggregate(row => ({ longest: max(row.key) })).to(collect()).run({ engine }));
    expect(error.message).toMatch(/^BATCH_TOO_LARGE: a key or value of 3\d+ bytes does not fit a slab/);
  });

  test('JSON lines of 10 MB pass whole, bad ones too; longer ones than allowed end the job', bounded, async () => {
    const path = join(folder, 'large.jsonl');
    const text = 'ä'.repeat(5_000_000);
    writeFileSync(path, [`{"key":"${text}","n":1}`, `{"key":"${text}","n":"bad"}`, '{"key":"b","n":2}'].join('\n'));
    const letters = letterBox();
    const sink = collect<{ key: string }>();
    const stats = await within(stream(jsonl(path, { maxRecordBytes: 16 << 20 }), Text).deadLetters(letters.sink).to(sink).run({ engine }));
    expect(sink.rows.map(row => [row.key.length, row.key === text])).toEqual([[5_000_000, true], [1, false]]);
    expect(letters.list()).toEqual(['1 BAD_ROW']);
    expect(stats.sources[0]).toMatchObject({ read: 3, deadLettered: 1 });
    expect((await failure(stream(jsonl(path, { maxRecordBytes: 1 << 20 }), Text).to(collect()).run({ engine }))).message).toMatch(/^BAD_FILE: .*longer than 1048576 bytes.*maxRecordBytes/);
  });

  test('windows close while a large batch waits for the one worker', bounded, async () => {
    const own = createEngine({ workers: 1, heap: '32MiB' });
    const text = 'x'.repeat(500_000);
    const input = Array.from({ length: 60 }, (_, n) => ({ key: `${text}${n}`, n, at: n * 1000 }));
    const stats = await within(stream(rows(input), Event).eventTime('at', { outOfOrderness: 0 }).groupBy('key').window(tumbling(1000)).aggregate(() => ({ n: count() }))
      .to(new ProbeSink()).run({ engine: own, batchRows: 4 }));
    expect(stats.emitted).toBe(60);
    await own.close();
  });
});

test('Arrow batches without rows are nothing', bounded, async () => {
  const table = (n: number) => new arrowLibrary.Table({ key: arrowLibrary.vectorFromArray(Array.from({ length: n }, () => 'a'), new arrowLibrary.Utf8()), n: arrowLibrary.vectorFromArray(new BigInt64Array(n)) });
  const empty = table(1).slice(0, 0);
  const sink = collect();
  const stats = await within(stream(arrow([empty, table(2), empty, table(1), ...empty.batches]), Text).groupBy('key').window(global()).aggregate(() => ({ n: count() })).to(sink).run(SMALL));
  expect([sink.rows, stats.sources[0]!.read]).toEqual([[{ key: 'a', n: 3n }], 3]);
});

test('batches of one row give what larger ones give', bounded, async () => {
  const input = Array.from({ length: 500 }, (_, n) => ({ key: `k${n % 7}`, n, at: n * 3 }));
  const run = async (batchRows: number): Promise<unknown[]> => {
    const found = await within(stream(rows(input), Event).eventTime('at', { outOfOrderness: 5 }).groupBy('key').window(tumbling(50)).aggregate(row => ({ n: sum(row.n) })).collect({ engine, batchRows }));
    return found.map(row => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).sort();
  };
  expect(await run(1)).toEqual(await run(1000));
});
