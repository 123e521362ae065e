import { describe, expect, test } from 'vitest';
import { callback, collect, count, createEngine, type Engine, global, jsonl, MillraceError, rows, schema, type Source, stream, sum, t, tumbling } from 'millrace';
import { bounded, endless, Event, events, failure, never, ProbeSink, sleep, SMALL, sourceOf, within } from './support.ts';

const windows = (source: Source) => stream(source, Event).eventTime('at', { outOfOrderness: 0 }).groupBy('key').window(tumbling(100)).aggregate(row => ({ n: count(), total: sum(row.n) }));

/** Pages that an engine's heap has in use, by its run table: internals, but there is no other way to see a leak. */
function pagesInUse(engine: Engine): number {
  const { heap, pages } = engine as unknown as { heap: { u8: Uint8Array }; pages: { pagesOf(address: number): number } };
  let used = 0;
  for (let page = 0; page < heap.u8.length / 65_536; ) {
    const run = pages.pagesOf(page * 65_536);
    used += run;
    page += run || 1;
  }
  return used;
}

describe('one engine', () => {
  test('runs jobs one after another, after success and after failures of every orderly kind, and leaks nothing', { timeout: 40_000 }, async () => {
    const engine = createEngine(SMALL);
    const empty = pagesInUse(engine);
    const failing: (() => Promise<unknown>)[] = [
      () => windows(rows([...events(3000), { key: 1 }])).to(collect()).run({ engine, onBadRow: 'fail', batchRows: 100 }),
      () => windows(rows(events(3000))).to(new ProbeSink({ write: () => { throw new Error('full'); } })).run({ engine, batchRows: 100 }),
      () => windows(sourceOf(() => ({ next: () => Promise.reject(new Error('gone')) }))).to(collect()).run({ engine }),
      () => windows(jsonl('/no/such/file.jsonl')).to(collect()).run({ engine }),
      () => windows(rows(Array.from({ length: 10 }, (_, n) => ({ key: 'a', n: 2n ** 62n, at: n })))).to(collect()).run({ engine }),
      () => { const job = windows(rows(endless())).to(collect()).start({ engine, batchRows: 50 }); setTimeout(() => job.cancel(), 30); return job.done; },
    ];
    for (let round = 0; round < 3; round++) {
      for (const [index, fail] of failing.entries()) {
        await failure(fail());
        expect([index, pagesInUse(engine)]).toEqual([index, empty]);
        const sink = collect<{ n: bigint; total: bigint }>();
        const stats = await within(windows(rows(events(2000))).to(sink).run({ engine, batchRows: 64 }));
        expect(sink.rows.length).toBe(200);
        expect(sink.rows.reduce((all, row) => all + row.total, 0n)).toBe(1_999_000n);
        expect([stats.batchBytes, stats.stateBytes, pagesInUse(engine)]).toEqual([0, 0, empty]);
      }
    }
    await engine.close();
  });

  test('runs one job at a time, and says so', bounded, async () => {
    const engine = createEngine(SMALL);
    const first = windows(rows(endless())).to(callback(() => {})).start({ engine });
    const error = await failure(windows(rows([])).to(collect()).run({ engine }));
    expect(error.message).toMatch(/BAD_OPTION: this engine runs a job already/);
    first.cancel();
    await failure(first.done);
    await within(windows(rows(events(10))).to(collect()).run({ engine }));
    await engine.close();
  });

  test('one job runs once at a time', bounded, async () => {
    const job = windows(rows(endless())).to(collect());
    const first = job.start(SMALL);
    expect((await failure(job.run(SMALL))).message).toMatch(/running already/);
    first.cancel();
    await failure(first.done);
  });

  test('keeps its tables through failures', bounded, async () => {
    const engine = createEngine(SMALL);
    const Number32 = schema({ n: t.int32 });
    const table = engine.table(Number32).append(1000, { n: Int32Array.from({ length: 1000 }, (_, n) => n) });
    const total = async (): Promise<unknown> => (await within(stream(table.source(), Number32).window(global()).aggregate(row => ({ total: sum(row.n) })).collect({ engine })))[0];
    expect(await total()).toEqual({ total: 499_500n });
    await failure(windows(sourceOf(() => ({ next: () => Promise.reject(new Error('gone')) }))).to(collect()).run({ engine }));
    expect(await total()).toEqual({ total: 499_500n });
    table.free();
    await engine.close();
  });
});

describe('engine.close()', () => {
  test('while idle: later jobs are refused; closing twice is fine', bounded, async () => {
    const engine = createEngine(SMALL);
    await within(windows(rows(events(10))).to(collect()).run({ engine }));
    await within(Promise.all([engine.close(), engine.close()]), 5000);
    expect((await failure(windows(rows([])).to(collect()).run({ engine }))).message).toMatch(/^ENGINE_CLOSED: this engine cannot be used: it was closed/);
  });

  test('before any job', bounded, async () => {
    await within(createEngine(SMALL).close(), 5000);
  });

  test('while a job runs ends the job', bounded, async () => {
    const engine = createEngine(SMALL);
    const sink = new ProbeSink();
    const job = windows(rows(endless())).to(sink).start({ engine, batchRows: 1000 });
    while (!sink.calls.includes('write')) await sleep(5);
    const [error] = await within(Promise.all([failure(job.done), engine.close()]));
    expect(error.message).toBe('ENGINE_CLOSED: the engine was closed while the job ran');
    expect(sink.calls).toEqual(['open', 'write', 'abort']);
  });
});

describe('options', () => {
  const bad: Record<string, object> = {
    heap: { heap: 'much' }, workers: { workers: 0 }, batchRows: { batchRows: 1.5 }, progressEveryMs: { progressEveryMs: 0 },
    onBadRow: { onBadRow: 'ignore' }, partitioner: { partitioner: 'magic' }, kernels: { kernels: 'rust' }, workerMemoryMb: { workerMemoryMb: -1 },
  };
  for (const [name, options] of Object.entries(bad)) {
    test(`${name}: what cannot be is refused at once`, bounded, async () => {
      const sink = new ProbeSink();
      const error = await failure(stream(sourceOf(() => ({ next: never })), Event).to(sink).run(options as never));
      expect([error.code, error.message.includes(name), sink.calls]).toEqual(['BAD_OPTION', true, []]);
    });
  }

  test('an engine is free again after them', bounded, async () => {
    const engine = createEngine(SMALL);
    for (const options of [bad['batchRows'], bad['onBadRow'], bad['progressEveryMs']]) await failure(stream(rows([]), Event).to(collect()).run({ engine, ...options }));
    await within(stream(rows([]), Event).to(collect()).run({ engine }));
    await engine.close();
  });
});

test('cancel() counts once, and not after the end', bounded, async () => {
  const job = windows(rows(events(10))).to(collect()).start(SMALL);
  const stats = await within(job.done);
  job.cancel();
  expect([stats.state, job.stats().state]).toEqual(['finished', 'finished']);
  const cancelled = windows(rows(endless())).to(collect()).start(SMALL);
  cancelled.cancel();
  cancelled.cancel();
  expect(await failure(cancelled.done)).toBeInstanceOf(MillraceError);
});
