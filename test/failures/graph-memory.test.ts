import { afterAll, describe, expect, test } from 'vitest';
import { callback, count, createEngine, type Job, max, rows, schema, sliding, stream, sum, t, together, tumbling } from 'millrace';
import { expectBalanced, sleep, within } from './support.ts';

/**
 * Graphs in a heap that is small for what flows through them: results wait for each other, for slow sinks and for stages behind. Nothing may
 * wait for itself: a job that does shows as one that does not end in time.
 */
const Row = schema({ k: t.int64, v: t.int64, text: t.utf8, at: t.timestamp });
const ROWS = 60_000;
const OVERLAP = 20;
/** Every row is a group of its own: results are as many as rows, times the windows that overlap. */
function* given(pace: number): Generator<object> {
  for (let n = 0; n < ROWS; n++) yield { k: n % 4001, v: n, text: `row number ${n} of many, with some text to it`, at: Math.floor(n / 40) * pace };
}
const source = (pace = 1) => stream(rows(given(pace)), Row).eventTime('at', { outOfOrderness: 5 });
type Rows = ReturnType<typeof source>;
const groups = (all: Rows, slide = 10) => all.groupBy('text').window(sliding(slide * OVERLAP, slide)).aggregate(row => ({ k: max(row.k), n: count(), v: sum(row.v) }));
const again = (results: ReturnType<typeof groups>) => results.groupBy('text').window(tumbling(400)).aggregate(row => ({ k: max(row.k), n: sum(row.n), v: max(row.v) }));
const narrow = (results: ReturnType<typeof groups>) => results.map(row => ({ k: row.k, n: row.n }));

/** A sink that is slower than all else. */
function slow(): { readonly sink: ReturnType<typeof callback>; readonly seen: { rows: number } } {
  const seen = { rows: 0 };
  return { seen, sink: callback(async batch => {
    seen.rows += batch.rows;
    await sleep(20);
  }) };
}

describe.each([1, 2])('in a small heap, with %i workers', workers => {
  const mebibytes = 128 + 80 * workers;
  const engine = createEngine({ workers, heap: `${mebibytes}MiB` });
  afterAll(() => engine.close());
  const limit = { timeout: 90_000 };
  /** Runs a job to its end, and expects results to have been held back: batches took much of the heap, a quarter as a rule (one looks now and then only), and not much more. */
  async function run(job: Job) {
    let most = 0;
    const stats = await within(job.run({ engine, batchRows: 4096, progressEveryMs: 10, onProgress: ({ batchBytes }) => (most = Math.max(most, batchBytes)) }), 80_000);
    expectBalanced(stats);
    expect(stats.batchBytes).toBe(0);
    expect(most / 2 ** 20).toBeGreaterThan(mebibytes / 8);
    expect(most / 2 ** 20).toBeLessThan(mebibytes / 2);
    return stats;
  }

  test('a diamond: a stream, and what two stages make of it', limit, async () => {
    const all = source();
    const first = groups(all);
    const { sink, seen } = slow();
    const both = narrow(first).union(again(first).map(row => ({ k: row.k, n: row.v })), all.map(row => ({ k: row.k, n: row.v })));
    const stats = await run(both.to(sink));
    expect(stats.stages.map(({ read }) => read)).toEqual([OVERLAP * ROWS, OVERLAP * ROWS, seen.rows - (OVERLAP + 1) * ROWS]);
  });

  test('one stage read by two and given out, and a fast source beside a slow one', limit, async () => {
    const [fast, behind] = [source(), source(3)];
    const first = groups(fast);
    const sinks = [slow(), slow(), slow(), slow()];
    await run(together(
      first.to(sinks[0]!.sink), again(first).to(sinks[1]!.sink),
      narrow(first).union(narrow(groups(behind, 30))).groupBy('k').window(tumbling(2000)).aggregate(row => ({ n: sum(row.n) })).to(sinks[2]!.sink),
      behind.select('text').to(sinks[3]!.sink),
    ));
    expect([sinks[0]!.seen.rows, sinks[3]!.seen.rows]).toEqual([OVERLAP * ROWS, ROWS]);
    expect(sinks[1]!.seen.rows).toBeGreaterThan(ROWS);
  });
});
