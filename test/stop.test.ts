import { makeData, RecordBatch, Schema, Field, Struct, TimestampMillisecond } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { hasEngine } from './support/engine.ts';

/** A stop is not the end of the input: what has closed is given out, what is open is not, whatever the source. */
const millrace = (hasEngine ? await import(new URL('../dist/src/index.js', import.meta.url).href) : null) as typeof import('../src/index.ts');
const SECONDS = 150;
const forever = (): Promise<never> => new Promise(() => {});

async function* endlessRows(): AsyncGenerator<{ at: number }> {
  for (let second = 0; second <= SECONDS; second++) yield { at: second * 1000 };
  await forever();
}
async function* endlessBatches(): AsyncGenerator<RecordBatch> {
  const type = new TimestampMillisecond();
  const data = makeData({ type, data: BigInt64Array.from({ length: SECONDS + 1 }, (_, second) => BigInt(second * 1000)) });
  const schema = new Schema([new Field('at', type, false)]);
  yield new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: SECONDS + 1, nullCount: 0, children: [data] }));
  await forever();
}

describe.skipIf(!hasEngine)('a job that is stopped', () => {
  test.each([
    ['rows', () => millrace.rows(endlessRows(), { bounded: false })],
    ['arrow', () => millrace.arrow(endlessBatches(), { bounded: false })],
  ])('leaves open windows alone, reading %s', async (_name, source) => {
    const { collect, count, schema, stream, t, tumbling } = millrace;
    const stop = new AbortController();
    const results = collect();
    const job = stream(source(), schema({ at: t.timestamp })).eventTime('at').window(tumbling('1m')).aggregate(() => ({ rows: count() })).to(results);
    const stats = await job.run({ workers: 1, heap: '64MiB', signal: stop.signal, progressEveryMs: 20, onProgress: ({ emitted }) => { if (emitted === 2) stop.abort(); } });
    expect(stats.state).toBe('stopped');
    expect(stats.sources).toMatchObject([{ read: SECONDS + 1, applied: SECONDS + 1, late: 0 }]);
    expect(results.rows).toEqual([{ windowStart: 0, windowEnd: 60_000, rows: 60n }, { windowStart: 60_000, windowEnd: 120_000, rows: 60n }]);
  }, 20_000);
});
