import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { collect, count, createEngine, csv, global, jsonl, max, rows, schema, stream, t, tumbling } from 'millrace';
import { bounded, Event, events, expectBalanced, failure, letterBox, SMALL as HEAP, within } from './support.ts';

const engine = createEngine(HEAP);
const SMALL = { engine };
afterAll(() => engine.close());
const folder = mkdtempSync(join(tmpdir(), 'millrace-bad-rows-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, text: string | Uint8Array): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const LINES = [
  '{"key":"a","n":1,"at":"2024-01-01T00:00:00Z"}',
  '{"key":"a","n":1,"at":',
  '{"key":"a","n":"one","at":5}',
  '{"key":null,"n":1,"at":5}',
  '{"key":"a","n":1,"at":"yesterday"}',
  '[1,2,3]',
  'nonsense',
  '{"key":"b","n":9223372036854775808,"at":7}',
  '{"key":"b","n":9223372036854775807,"at":7}',
  '{"n":3,"at":7}',
];

test('bad JSON lines go to the dead-letter sink with reason and position, and the job goes on', bounded, async () => {
  const letters = letterBox();
  const sink = collect<{ key: string; n: bigint }>();
  const stats = await within(stream(jsonl(file('bad.jsonl', LINES.join('\n'))), Event).deadLetters(letters.sink).to(sink).run(SMALL));
  expect(sink.rows.map(({ key, n }) => [key, n])).toEqual([['a', 1n], ['b', 2n ** 63n - 1n]]);
  expect(letters.list()).toEqual(['1 BAD_ROW', '2 BAD_ROW', '3 NULL_IN_NON_NULL', '4 BAD_TIME', '5 BAD_ROW', '6 BAD_ROW', '7 BAD_ROW', '9 NULL_IN_NON_NULL']);
  expect(letters.sink.rows.map(row => row['row'])).toEqual([1, 2, 3, 4, 5, 6, 7, 9].map(line => LINES[line]));
  expect(stats.sources[0]).toMatchObject({ read: 10, applied: 2, deadLettered: 8 });
  // What the decoders keep for themselves.
  expect(stats.batchBytes).toBeLessThanOrEqual(2 * 65_536);
});

test('positions are exact over many batches and workers, among filtered and late rows', bounded, async () => {
  const input: unknown[] = events(20_000);
  const bad = new Set<number>();
  for (let n = 3; n < input.length; n += 997) {
    bad.add(n);
    input[n] = [null, { key: 'x', n: 1.5, at: n }, { key: 'x', n, at: 'no time' }, 'text', { key: null, n, at: n }][bad.size % 5];
  }
  for (let n = 1000; n < input.length; n += 1009) if (!bad.has(n)) input[n] = { key: 'late', n: 1, at: 0 };
  for (const batchRows of [1, 777, 65_536]) {
    const [letters, late] = [letterBox(), letterBox()];
    const stats = await within(stream(rows(batchRows === 1 ? input.slice(0, 2000) : input), Event).eventTime('at', { outOfOrderness: 10 })
      .filter(row => row.key.ne('key 7')).groupBy('key').window(tumbling(1000)).aggregate(row => ({ n: count(row.n) }))
      .late({ then: late.sink }).deadLetters(letters.sink).to(collect()).run({ ...SMALL, batchRows }));
    expectBalanced(stats);
    const { read } = stats.sources[0]!;
    expect(letters.sink.rows.map(row => Number(row['position']))).toEqual([...bad].filter(n => n < read));
    const isLate = (_: unknown, n: number): boolean => n >= 1000 && (n - 1000) % 1009 === 0 && !bad.has(n);
    expect(late.sink.rows.map(row => Number(row['position']))).toEqual([...Array(read).keys()].filter(n => isLate(null, n)));
    expect(stats.sources[0]!.late).toBe(late.sink.rows.length);
    expect(stats.batchBytes).toBe(0);
  }
});

test('an input of bad rows only gives no results, and no windows', bounded, async () => {
  const letters = letterBox();
  const lines = Array.from({ length: 5000 }, (_, n) => `not JSON ${n}`).join('\n');
  const sink = collect();
  const stats = await within(stream(jsonl(file('only-bad.jsonl', lines)), Event).eventTime('at', { outOfOrderness: '1s' })
    .groupBy('key').window(tumbling('1s')).aggregate(() => ({ n: count() })).deadLetters(letters.sink).to(sink).run(SMALL));
  expect(sink.rows).toEqual([]);
  expect(stats.sources[0]).toMatchObject({ read: 5000, applied: 0, deadLettered: 5000, watermark: null });
  expect(letters.sink.rows.map(row => Number(row['position']))).toEqual([...Array(5000).keys()]);
});

test('bad lines are counted where nobody asks for them', bounded, async () => {
  const text = 'key,n,at\na,1,2024-01-01T00:00:00Z\na,b\nc,x,2024-01-01T00:00:00Z\nd,4,2024-01-01T00:00:00Z\n';
  const stats = await within(stream(csv(file('bad.csv', text)), Event).to(collect()).run(SMALL));
  expect(stats.sources[0]).toMatchObject({ read: 4, applied: 2, deadLettered: 2 });
});

for (const batchRows of [1, 65_536]) {
  test(`onBadRow: 'fail' stops at the first bad row and names it (batches of ${batchRows})`, bounded, async () => {
    const input: unknown[] = events(3000);
    input[1234] = { key: 'a', n: 'many', at: 0 };
    input[1235] = { key: null };
    const sink = collect();
    const error = await failure(stream(rows(input, { name: 'input' }), Event).to(sink).run({ ...SMALL, batchRows, onBadRow: 'fail' }));
    expect(error.code).toBe('BAD_ROW');
    expect(error.message).toMatch(/row 1234 of input: BAD_ROW: column 'n' \(int64\) cannot be "many"/);
    expect(sink.rows).toEqual([]);
  });
}

/** Rows that only a worker sees to be bad, where no sink takes dead letters. */
const atWorkers: Record<string, { run(): Promise<unknown>; message: RegExp }> = {
  'a line': {
    run: () => stream(jsonl(file('bad.jsonl', '{"key":"a","n":1,"at":1}\n{"key":"a","n":"x","at":1}\n')), Event).to(collect()).run({ ...SMALL, onBadRow: 'fail' }),
    message: /row 1 of jsonl\(.*\): BAD_ROW/,
  },
  'an expression': {
    run: () => stream(rows(events(10)), Event).map(event => ({ n: event.n.add(2n ** 63n - 5n) })).to(collect()).run({ ...SMALL, onBadRow: 'fail' }),
    message: /row 5 of rows: OVERFLOW/,
  },
  'an expression behind a window': {
    run: () => stream(rows(events(10)), Event).eventTime('at', { outOfOrderness: 0 }).window(tumbling(5)).aggregate(event => ({ most: max(event.n) }))
      .map(result => ({ most: result.most.add(2n ** 63n - 5n) })).to(collect()).run({ ...SMALL, onBadRow: 'fail' }),
    message: /OVERFLOW/,
  },
};
for (const [name, { run, message }] of Object.entries(atWorkers)) {
  test(`onBadRow: 'fail' stops at the first bad row that a worker finds, in ${name}`, bounded, async () => {
    const error = await failure(run());
    expect(error).toMatchObject({ code: 'BAD_ROW', message: expect.stringMatching(message) });
  });
}

test("onBadRow: 'fail' does not wait for an endless source", bounded, async () => {
  async function* input(): AsyncGenerator<unknown> {
    yield { key: 'a', n: 1, at: 1 };
    yield { key: 'a', n: null, at: 1 };
    await new Promise(() => {});
  }
  expect((await failure(stream(rows(input()), Event).to(collect()).run({ ...SMALL, onBadRow: 'fail' }))).message).toMatch(/BAD_ROW: row 1 of rows: NULL_IN_NON_NULL/);
});

test('a late row is not a bad row', bounded, async () => {
  const input = [{ key: 'a', n: 1, at: 100_000 }, { key: 'a', n: 1, at: 0 }];
  const stats = await within(stream(rows(input), Event).eventTime('at', { outOfOrderness: 0 }).window(tumbling(10))
    .aggregate(() => ({ n: count() })).to(collect()).run({ ...SMALL, batchRows: 1, onBadRow: 'fail' }));
  expect(stats.sources[0]).toMatchObject({ applied: 1, late: 1 });
});

test('empty inputs end in empty results', bounded, async () => {
  const Key = schema({ key: t.utf8 });
  for (const source of [rows([]), jsonl(file('empty.jsonl', '')), jsonl(file('blank.jsonl', '\n\n')), csv(file('empty.csv', 'key\n'))]) {
    const sink = collect<{ n: bigint }>();
    const stats = await within(stream(source, Key).window(global()).aggregate(() => ({ n: count() })).to(sink).run(SMALL));
    expect([sink.rows, stats.state, stats.sources[0]!.read]).toEqual([[{ n: 0n }], 'finished', 0]);
  }
});
