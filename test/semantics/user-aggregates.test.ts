import { afterAll, describe, expect, test } from 'vitest';
import { aggregateFn, collect, count, createEngine, reduce, rows, schema, stream, t, type Engine, type RunOptions } from 'millrace';
import { KERNELS } from '../support/kernels.ts';

const module = new URL('user-aggregates.mjs', import.meta.url).href;
const Row = schema({ key: t.utf8, x: t.int32, word: t.utf8.nullable, weight: t.int32.nullable });
const COUNT = 5000;
const input = Array.from({ length: COUNT }, (_, i) => ({ key: `k${i % 3}`, x: (i * 7919) % 1009 + 1, word: i % 11 === 0 ? null : 'x'.repeat(i % 40), weight: i % 5 === 0 ? null : 2 }));
const pipeline = () => stream(rows(input), Row);

const engines: Record<number, Engine> = { 1: createEngine({ workers: 1, kernels: KERNELS, heap: '256MiB' }), 3: createEngine({ workers: 3, kernels: KERNELS, heap: '256MiB' }) };
afterAll(async () => { for (const engine of Object.values(engines)) await engine.close(); });
const VARIANTS: readonly [number, RunOptions][] = [[1, {}], [3, { batchRows: 100, partitioner: 'hash' }], [3, { batchRows: 333, partitioner: 'local' }]];
const inAll = async (run: (options: RunOptions) => Promise<unknown>): Promise<void> => {
  for (const [workers, options] of VARIANTS) await run({ ...options, engine: engines[workers]! });
};
const text = { args: [t.int32], returns: t.utf8 } as const;
const ofKey = (key: string) => input.filter(row => row.key === key);

describe('aggregateFn', () => {
  test('accumulate, merge and finish, whatever the workers and the batches', () => inAll(async options => {
    const spread = aggregateFn(module, 'spread', text);
    const words = aggregateFn(module, 'words', { args: [t.utf8.nullable, t.int32.nullable], returns: t.int64 });
    const found = await pipeline().groupBy('key').aggregate(row => ({ spread: spread(row.x), few: spread(row.x).where(row.x.lt(0)), words: words(row.word, row.weight), n: count() })).collect(options);
    expect(found.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(['k0', 'k1', 'k2'].map(key => {
      const own = ofKey(key);
      const sum = own.reduce((total, row) => total + (row.weight ?? 1), 0);
      return {
        key, spread: `${Math.min(...own.map(row => row.x))}..${Math.max(...own.map(row => row.x))} of ${own.length}`, few: null,
        words: BigInt(sum) * 100n + BigInt(new Set(own.map(row => String(row.word))).size), n: BigInt(own.length),
      };
    }));
  }));
  test('a row that accumulate refuses is a dead letter, and nowhere else', () => inAll(async options => {
    const letters = collect(), results = collect();
    const refuses = aggregateFn(module, 'refuses', text);
    const stats = await pipeline().aggregate(row => ({ spread: refuses(row.x), n: count() })).deadLetters(letters).to(results).run(options);
    const bad = input.flatMap((row, position) => (row.x % 7 === 0 ? [position] : []));
    expect(letters.rows.map(row => Number(row['position'])).toSorted((a, b) => a - b)).toEqual(bad);
    expect(letters.rows[0]).toMatchObject({ reason: 'UDF_FAILED', message: expect.stringMatching(/^\d+ is a seventh$/) });
    expect(stats.sources[0]).toMatchObject({ read: COUNT, deadLettered: bad.length, applied: COUNT - bad.length });
    expect(results.rows[0]!['n']).toBe(BigInt(COUNT - bad.length));
    expect(results.rows[0]!['spread']).toContain(`of ${COUNT - bad.length}`);
  }));
  test('a state that JSON cannot say is the fault of its row', async () => {
    const stats = await pipeline().aggregate(row => ({ s: aggregateFn(module, 'bigints', text)(row.x) })).to(collect()).run({ engine: engines[1]! });
    expect(stats.sources[0]!.deadLettered).toBe(COUNT);
  });
  test.each([
    ['failsToMerge', 'UDF_FAILED', /merge of failsToMerge: no merging/], ['failsToFinish', 'UDF_FAILED', /finish of failsToFinish: 42 is not of type utf8/],
    ['nothing', 'UDF_FAILED', /returns null, and its declared type is not nullable/], ['growing', 'AGGREGATE_TOO_LARGE', /a state of growing takes \d+ bytes/],
    ['halfMade', 'UDF_NOT_FOUND', /no aggregate 'halfMade', an object with the functions init, accumulate, merge, finish/], ['missing', 'UDF_NOT_FOUND', /exports no aggregate 'missing'/],
  ])('%s ends the job with %s', async (name, code, message) => {
    const run = pipeline().aggregate(row => ({ s: aggregateFn(module, name, text)(row.x) })).to(collect()).run({ workers: 2, kernels: KERNELS, heap: '256MiB', batchRows: 100 });
    await expect(run).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('reduce', () => {
  test('folds the values, nulls aside', () => inAll(async options => {
    const [found] = await pipeline().aggregate(row => ({ longest: reduce(module, 'longest', row.word), gcd: reduce(module, 'gcd', row.x.mul(6)), none: reduce(module, 'gcd', row.x).where(row.x.lt(0)) })).collect(options);
    expect(found).toEqual({ longest: 'x'.repeat(39), gcd: 6, none: null });
  }));
  test.each([['throws', /throws: never two/], ['wrong', /wrong: 'text' is not of type int32/]])('%s ends the job', async (name, message) => {
    const run = pipeline().aggregate(row => ({ s: reduce(module, name, row.x) })).to(collect()).run({ workers: 2, kernels: KERNELS, heap: '256MiB' });
    await expect(run).rejects.toMatchObject({ code: 'UDF_FAILED', message: expect.stringMatching(message) });
  });
});
