import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { collect, count, createEngine, csv, jsonl, rows, type Source, stream, sum, together, tumbling } from 'millrace';
import { bounded, Event, events, expectBalanced, failure, ProbeSink, SMALL, within } from '../failures/support.ts';

const engine = createEngine(SMALL);
afterAll(() => engine.close());
const folder = mkdtempSync(join(tmpdir(), 'millrace-together-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Rows that can be read only once. */
function once(given: Iterable<unknown>, name = 'once'): Source {
  return rows((function* all() { yield* given; })(), { name });
}
const timed = (source: Source) => stream(source, Event).eventTime('at');
const perKey = (from: ReturnType<typeof timed>, size = 50) => from.groupBy('key').window(tumbling(size)).aggregate(row => ({ n: count(), total: sum(row.n) }));
const sorted = (list: readonly unknown[]): string[] => list.map(row => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).sort();
const EVENTS = events(5000);
const options = { engine, batchRows: 300 };

describe('several sinks of one job', () => {
  test('give what separate jobs give, of a stream that is read once', bounded, async () => {
    const build = (source: () => Source) => {
      const all = timed(source());
      const minutes = perKey(all);
      const hours = minutes.groupBy('key').window(tumbling(1000)).aggregate(row => ({ most: sum(row.total) }));
      return [all.filter(row => row.n.lt(10)), minutes, minutes.filter(row => row.n.gt(4n)), hours];
    };
    const sinks = build(() => rows([])).map(() => collect());
    const shared = build(() => once(EVENTS));
    const job = together(...shared.map((pipeline, i) => pipeline.to(sinks[i]!)));
    expect(job.plan().stages.map(({ branches }) => branches.map(({ from }) => JSON.stringify(from)).join())).toEqual(['{"source":0}', '{"source":0}', '{"stage":1}', '{"stage":1}']);
    const stats = await within(job.run(options));
    for (const [i, pipeline] of build(() => rows(EVENTS)).entries()) expect(sorted(sinks[i]!.rows)).toEqual(sorted(await within<unknown[]>(pipeline.collect(options))));
    expect(stats.outputs.map(({ emitted }) => emitted)).toEqual(sinks.map(sink => sink.rows.length));
    expect(stats.emitted).toBe(sinks.reduce((all, sink) => all + sink.rows.length, 0));
    expect(stats.sources.map(({ name, again, read }) => [name, again, read])).toEqual([['once #1', false, 5000], ['once #2', true, 5000]]);
    expect(stats.stages.map(({ name, read }) => [name, read])).toEqual([['the results of stage 1', 1000], ['the results of stage 1, in stage 3', 1000]]);
    expectBalanced(stats);
  });

  test('a stage that is deduplicated, read and given out keeps its columns apart from its time', bounded, async () => {
    const fresh = timed(once(EVENTS)).select('key').dedupe('key', { within: 20 });
    const [rowsOut, counts] = [collect(), collect()];
    const job = together(fresh.to(rowsOut), fresh.window(tumbling(500)).aggregate(() => ({ n: count() })).to(counts));
    await within(job.run(options));
    expect(Object.keys(rowsOut.rows[0]!)).toEqual(['key']);
    expect(counts.rows.reduce((all, row) => all + Number(row['n']), 0)).toBe(rowsOut.rows.length);
  });

  test('the failure of one ends all, and none looks complete', bounded, async () => {
    const all = timed(rows(events(20_000)));
    const [good, bad] = [new ProbeSink({}, 'good'), new ProbeSink({ write: () => { throw new Error('the disk is full'); } }, 'bad')];
    const error = await failure(together(all.to(jsonl(join(folder, 'all.jsonl'))), all.to(good), perKey(all).to(bad)).run(options));
    expect(error.message).toBe('SINK_FAILED: the sink bad failed: the disk is full');
    expect([good.calls.at(-1), bad.calls.at(-1)]).toEqual(['abort', 'abort']);
    expect(readdirSync(folder)).not.toContain('all.jsonl');
  });

  test('what is set aside goes to the sinks of all that it leads to', bounded, async () => {
    const all = timed(once([...EVENTS, { key: 1, n: 1, at: 1 }, { key: 'late', n: 1, at: 0 }]));
    const minutes = perKey(all);
    const [dead, late, others] = [collect(), collect(), collect()];
    const job = together(
      minutes.late({ then: late }).to(collect()),
      all.filter(row => row.n.lt(10)).deadLetters(others).to(collect()),
      all.map(row => ({ double: row.n.mul(2) })).deadLetters(dead).to(collect()),
    );
    const stats = await within(job.run(options));
    expect(late.rows).toMatchObject([{ source: 'once', position: 5001n, reason: 'LATE' }]);
    expect([others, dead].map(sink => sink.rows.map(row => [row['source'], row['position']]))).toEqual([[['once', 5000n]], [['once', 5000n]]]);
    expect(stats.sources.map(({ late: behind, deadLettered }) => [behind, deadLettered])).toEqual([[1, 1], [0, 1], [0, 1]]);
  });

  test('refused', () => {
    const sink = collect();
    const all = timed(rows([]));
    expect(() => together()).toThrow('together takes at least one job');
    expect(() => together(all as never)).toThrow('together takes jobs, such as pipeline.to(sink)');
    expect(() => together(all.to(sink), perKey(all).to(sink))).toThrow('collect is the sink of two jobs');
  });
  test('explained', () => {
    const minutes = perKey(timed(rows([], { name: 'views' })));
    expect(together(minutes.to(collect()), minutes.filter(row => row.n.gt(1n)).to(collect())).explain()).toBe(`stage 0
source      views
  columns   key utf8, n int64, at timestamp
  time      at, in order, at most 1d ahead of the clock
aggregate   count(*) AS n, sum(n) AS total
  by        key
  window    tumbling 50ms

stage 1
reads       the results of stage 0
  columns   key utf8, windowStart timestamp, windowEnd timestamp, n int64, total int64
  time      windowEnd less 1 ms
filter      n > 1

output 0    of stage 0: key utf8, windowStart timestamp, windowEnd timestamp, n int64, total int64
output 1    of stage 1: key utf8, windowStart timestamp, windowEnd timestamp, n int64, total int64
`);
  });
});

describe('a stream that is used twice', () => {
  const LINES = [...EVENTS.map(event => JSON.stringify(event)), '{"key": 5', '{"key":"x","n":1,"at":"no time"}', ''].join('\n');
  const formats = {
    jsonl: () => { writeFileSync(join(folder, 'in.jsonl'), LINES); return jsonl(join(folder, 'in.jsonl')); },
    csv: () => {
      writeFileSync(join(folder, 'in.csv'), ['key,n,at', ...EVENTS.map(({ key, n, at }) => `${key},${n},${new Date(at).toISOString()}`), 'a,b,c', 'x,1,no time', ''].join('\n'));
      return csv(join(folder, 'in.csv'));
    },
    rows: () => rows([...EVENTS, { key: 5, n: 1, at: 1 }, { key: 'x', n: 'n', at: 1 }]),
  };
  for (const [format, source] of Object.entries(formats)) {
    test(`in a union with itself: ${format}`, bounded, async () => {
      const all = timed(source());
      const letters = collect();
      const sink = collect<{ key: string; n: bigint }>();
      const job = all.filter(row => row.n.lt(1000)).union(all.filter(row => row.n.ge(500)).map(row => ({ key: row.key, n: row.n.add(10_000), at: row.at }))).deadLetters(letters).to(sink);
      const stats = await within(job.run(options));
      expect(sink.rows.map(row => Number(row.n)).sort((a, b) => a - b)).toEqual([...EVENTS.slice(0, 1000).map(({ n }) => n), ...EVENTS.slice(500).map(({ n }) => n + 10_000)]);
      expect(stats.sources.map(({ read, filtered, applied, deadLettered }) => [read, filtered, applied, deadLettered])).toEqual([[5002, 4000, 1000, 2], [5002, 500, 4500, 2]]);
      expect(letters.rows.map(row => row['position']).sort()).toEqual([5000n, 5000n, 5001n, 5001n]);
      expectBalanced(stats);
      // Decoders keep a page for each branch and worker.
      expect(stats.batchBytes).toBeLessThanOrEqual(format === 'rows' ? 0 : 4 * 65_536);
    });
  }
  test('joined with itself, and with what an aggregate makes of it', bounded, async () => {
    const build = (left: () => Source, right: () => Source) => {
      const [even, all] = [timed(left()), timed(right())];
      const pairs = even.filter(row => row.n.mod(2).eq(0)).join(all.filter(row => row.n.lt(400)), { on: 'key', within: '20ms', select: (one, other) => ({ a: one.n, b: other.n }) });
      const counts = all.join(perKey(even), { on: 'key', within: '30ms', select: (row, minute) => ({ n: row.n, total: minute.total }) });
      return [pairs, counts] as const;
    };
    const source = timed(once(EVENTS));
    const shared = { pairs: collect(), counts: collect() };
    const pairs = source.filter(row => row.n.mod(2).eq(0)).join(source.filter(row => row.n.lt(400)), { on: 'key', within: '20ms', select: (one, other) => ({ a: one.n, b: other.n }) });
    const counts = source.join(perKey(source), { on: 'key', within: '30ms', select: (row, minute) => ({ n: row.n, total: minute.total }) });
    const stats = await within(together(pairs.to(shared.pairs), counts.to(shared.counts)).run(options));
    const separate = build(() => rows(EVENTS), () => rows(EVENTS));
    expect(shared.pairs.rows.length).toBeGreaterThan(500);
    expect(shared.counts.rows.length).toBeGreaterThan(5000);
    expect(sorted(shared.pairs.rows)).toEqual(sorted(await within(separate[0].collect(options))));
    expect(sorted(shared.counts.rows)).toEqual(sorted(await within(separate[1].collect(options))));
    expectBalanced(stats);
  });
  test('does not wait for itself: a source is ahead of what windows make of it', bounded, async () => {
    const held = stream(once(events(20_000)), Event).eventTime('at', { maxDrift: '1ms' });
    const slow = stream(rows(events(200).map(row => ({ ...row, at: row.n * 100 }))), Event).eventTime('at', { maxDrift: '1ms' });
    const both = perKey(held, 1000).map(row => ({ key: row.key, n: row.total })).union(held.select('key', 'n'), slow.select('key', 'n'));
    const stats = await within(both.groupBy('key').window(tumbling('1s')).aggregate(row => ({ n: count(), total: sum(row.n) })).to(collect()).run(options));
    expectBalanced(stats);
    expect(stats.sources.map(({ read }) => read)).toEqual([20_000, 20_000, 200]);
  });
  test('written twice to files', bounded, async () => {
    const all = timed(once(EVENTS));
    await within(together(all.to(jsonl(join(folder, 'a.jsonl'))), all.select('n').to(jsonl(join(folder, 'b.jsonl')))).run(options));
    expect(['a', 'b'].map(name => readFileSync(join(folder, `${name}.jsonl`), 'utf8').split('\n').length)).toEqual([5001, 5001]);
  });
});
