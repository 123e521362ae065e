import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { arrow, callback, collect, count, createEngine, jsonl, rows, type Source, stream, tumbling } from 'millrace';
import { batchOf, bounded, endless, Event, events, expectBalanced, failure, never, ProbeSink, sleep, SMALL, sourceOf, within } from './support.ts';

const engine = createEngine(SMALL);
afterAll(() => engine.close());
const run = (source: Source, sink = collect(), options = {}) => stream(source, Event).to(sink).run({ engine, ...options });
const boom = (): never => { throw new Error('the cable broke'); };
const rejects = (): Promise<never> => Promise.reject(new Error('the cable broke'));

describe('a source that fails', () => {
  const cases: Record<string, Source> = {
    'throws at read()': { ...rows([]), read: boom },
    'rejects at read()': { ...rows([]), read: rejects },
    'throws at the first next()': sourceOf(() => ({ next: boom })),
    'rejects at a later next()': sourceOf(() => {
      let calls = 0;
      return { next: () => (calls++ < 50 ? Promise.resolve(batchOf(10)) : rejects()) };
    }),
    'throws at a later next(), having answered at once': sourceOf(() => {
      let calls = 0;
      return { next: () => (calls++ < 50 ? batchOf(10) : boom()) };
    }),
    'throws at close()': sourceOf(() => ({ close: boom })),
    'rejects at close()': sourceOf(() => ({ close: rejects })),
    'throws at progress()': sourceOf(() => ({ progress: boom })),
    'throws in a generator': rows((function* () { yield* events(5000); boom(); })()),
    'rejects in an async generator': rows((async function* () { yield* events(5000); await rejects(); })()),
    'throws in next() of an async iterator': rows({ [Symbol.asyncIterator]: () => ({ next: boom }) }),
    'throws in return()': rows({ [Symbol.iterator]: () => ({ next: boom, return: boom }) }),
    'is a stream that breaks': jsonl(Readable.from((async function* () { yield '{"key":"a","n":1,"at":1}\n'; await rejects(); })(), { objectMode: false })),
    'gives no Arrow batches': arrow([{}] as never),
  };
  for (const [name, source] of Object.entries(cases)) {
    test(name, bounded, async () => {
      const sink = new ProbeSink();
      const error = await failure(run(source, sink as never, { batchRows: 100 }));
      expect(error.code).toBe('SOURCE_FAILED');
      expect(error.message).toMatch(/the cable broke|record batches/);
      expect(sink.calls.at(-1)).toBe('abort');
    });
  }

  test('closes the readers of the other sources', bounded, async () => {
    let closed = 0;
    const waiting = (): Source => sourceOf(() => ({ next: never, close: async () => { closed++; } }));
    const failing = sourceOf(() => ({ next: async () => { await sleep(20); return boom(); } }));
    const error = await failure(stream(waiting(), Event).union(stream(failing, Event)).union(stream(waiting(), Event)).to(collect()).run({ engine }));
    expect(error.code).toBe('SOURCE_FAILED');
    expect(closed).toBe(2);
  });

  test('and readers that wait for room', bounded, async () => {
    let closed = 0;
    const sink = new ProbeSink({ write: never });
    const source = sourceOf(() => ({ next: async () => batchOf(100), close: async () => { closed++; } }));
    const own = createEngine(SMALL);
    const job = stream(source, Event).to(sink).start({ engine: own });
    while (!sink.calls.includes('write')) await sleep(5);
    await sleep(50);
    job.cancel();
    await failure(job.done);
    expect(closed).toBe(1);
    await own.close();
  });
});

describe('a source that answers at once', () => {
  /** Batches of ten rows: so many, or without end. */
  const atOnce = (batches: number): Source => {
    let calls = 0;
    return sourceOf(() => ({ next: () => (calls++ < batches ? batchOf(10) : null) }));
  };

  test('is read to its end, as far as there is room', bounded, async () => {
    const stats = await within(run(atOnce(1000)));
    expect(stats).toMatchObject({ state: 'finished', emitted: 10_000 });
    expectBalanced(stats);
  });

  test('lets others have their turn, and stops in good order', bounded, async () => {
    const stop = new AbortController();
    const sink = new ProbeSink({ write: (_, rows) => { if (rows > 1000) stop.abort(); } });
    const stats = await within(run(atOnce(Infinity), sink as never, { signal: stop.signal }));
    expect(stats.state).toBe('stopped');
    expect(stats.emitted).toBe(stats.sources[0]!.read);
    expectBalanced(stats);
  });

  test('takes turns with others', bounded, async () => {
    const given = [0, 0];
    let apart = 0;
    const counted = (source: number): Source => sourceOf(() => ({
      next: () => {
        if (given[source] === 300) return null;
        given[source]!++;
        if (Math.max(...given) < 300) apart = Math.max(apart, Math.abs(given[0]! - given[1]!));
        return batchOf(10);
      },
    }));
    const stats = await within(stream(counted(0), Event).union(stream(counted(1), Event)).to(collect()).run({ engine }));
    expect(stats.emitted).toBe(6000);
    // Sixty items are on their way in a stage: one alone would take them all.
    expect(apart).toBeLessThan(10);
  });

  test('may answer by what is like a promise', bounded, async () => {
    let calls = 0;
    const thenable = (item: unknown): unknown => ({ then: (resolve: (value: unknown) => void) => { resolve(item); } });
    const stats = await within(run(sourceOf(() => ({ next: () => thenable(calls++ < 5 ? batchOf(10) : null) as never }))));
    expect(stats).toMatchObject({ state: 'finished', emitted: 50 });
  });
});

describe('a source that never answers', () => {
  let waits = false;
  const ask = <T>(): Promise<T> => {
    waits = true;
    return never();
  };
  const silent: Record<string, () => Source> = {
    'at read()': () => ({ ...rows([]), read: ask }),
    'at next()': () => sourceOf(() => ({ next: ask })),
    'at next(), nor at close()': () => sourceOf(() => ({ next: ask, close: ask })),
    'in an async generator': () => rows((async function* () { yield* events(3); await ask(); })()),
  };
  for (const [name, make] of Object.entries(silent)) {
    test(`${name}: the abort signal stops the job in good order`, bounded, async () => {
      const stop = new AbortController();
      waits = false;
      const done = run(make(), undefined, { signal: stop.signal });
      while (!waits) await sleep(5);
      stop.abort();
      const stats = await within(done);
      expect(stats.state).toBe('stopped');
      expect(stats.sources[0]!.read).toBe(name.includes('generator') ? 3 : 0);
    });
    test(`${name}: cancel() ends it`, bounded, async () => {
      const job = stream(make(), Event).to(collect()).start({ engine });
      await sleep(30);
      job.cancel();
      expect((await failure(job.done)).code).toBe('CANCELLED');
    });
  }

  test('at close(), at its end: cancel() ends it', bounded, async () => {
    const job = stream(sourceOf(() => ({ close: never })), Event).to(collect()).start({ engine });
    await sleep(50);
    job.cancel();
    await failure(job.done);
  });
});

describe('an abort signal', () => {
  const windows = (source: Source) => stream(source, Event).eventTime('at', { outOfOrderness: 0 }).groupBy('key').window(tumbling(100)).aggregate(() => ({ n: count() }));

  test('before the start: nothing is read', bounded, async () => {
    let asked = 0;
    const sink = new ProbeSink();
    const source = sourceOf(() => { asked++; return {}; });
    const stats = await within(stream(source, Event).to(sink).run({ engine, signal: AbortSignal.abort() }));
    expect([stats.state, asked, sink.calls]).toEqual(['stopped', 0, ['open', 'close']]);
  });

  test('while running: complete windows only, the ledger balances, and the iterator is told', bounded, async () => {
    let told = false;
    async function* input(): AsyncGenerator<unknown> {
      try {
        for (const row of endless()) {
          if (Number(row.n) % 500 === 0) await sleep(1);
          yield row;
        }
      } finally { told = true; }
    }
    const stop = new AbortController();
    const sink = collect<{ windowEnd: number; n: bigint }>();
    const job = windows(rows(input())).to(sink).start({ engine, batchRows: 250, signal: stop.signal });
    while (job.stats().emitted < 100) await sleep(2);
    stop.abort();
    const stats = await within(job.done);
    expect(stats.state).toBe('stopped');
    expectBalanced(stats);
    expect(told).toBe(true);
    expect(new Set(sink.rows.map(row => row.n))).toEqual(new Set([10n]));
    const closed = sink.rows.length / 10;
    expect(Number(stats.sources[0]!.watermark)).toBeGreaterThanOrEqual(closed * 100 - 1);
  });

  test('rows that an iterator has given are not lost', bounded, async () => {
    let given = 0;
    async function* input(): AsyncGenerator<unknown> {
      for (const row of endless()) {
        given++;
        yield row;
        if (given === 7) await never();
      }
    }
    const stop = new AbortController();
    const done = stream(rows(input()), Event).to(collect()).run({ engine, signal: stop.signal });
    while (given < 7) await new Promise(setImmediate);
    stop.abort();
    expect((await within(done)).sources[0]!.read).toBe(7);
  });

  test('when all was read: the job finishes', bounded, async () => {
    const stop = new AbortController();
    const sink = new ProbeSink({ write: async () => { await sleep(20); stop.abort(); } });
    const stats = await within(windows(rows(events(1000))).to(sink).run({ engine, signal: stop.signal }));
    expect([stats.state, sink.rows]).toEqual(['finished', 100]);
  });

  test('after the end changes nothing', bounded, async () => {
    const stop = new AbortController();
    const job = windows(rows(events(10))).to(collect());
    await within(job.run({ engine, signal: stop.signal }));
    stop.abort();
    expect(job.stats()!.state).toBe('finished');
  });
});

test('many sources draw no warning', bounded, async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => { warnings.push(warning); };
  process.on('warning', note);
  let all = stream(rows(events(10)), Event);
  for (let n = 0; n < 20; n++) all = all.union(stream(rows(events(10)), Event)) as never;
  const sink = collect();
  await within(all.to(sink).run({ engine }));
  await sleep(5);
  process.off('warning', note);
  expect([sink.rows.length, warnings]).toEqual([210, []]);
});

test('leaving the loop of batches() ends a job that waits for input', bounded, async () => {
  async function* input(): AsyncGenerator<unknown> {
    yield* events(10);
    await never();
  }
  await within((async () => {
    for await (const batch of stream(rows(input()), Event).batches({ engine })) {
      expect(batch.numRows).toBe(10);
      break;
    }
  })(), 5000);
});

test('a callback sink may stop the job itself', bounded, async () => {
  const stop = new AbortController();
  const stats = await within(stream(rows(endless()), Event).to(callback(() => stop.abort())).run({ engine, signal: stop.signal, batchRows: 10 }));
  expect(stats.state).toBe('stopped');
});
