import { afterAll, describe, expect, test } from 'vitest';
import { callback, collect, count, createEngine, type Engine, type Output, rows, stream, t, tumbling, udf } from 'millrace';
import { bounded, endless, Event, events, expectBalanced, failure, letterBox, ProbeSink, sleep, SMALL, within } from './support.ts';

const functions = new URL('functions.mjs', import.meta.url).href;
const call = (name: string, module = functions) => udf(module, name, { args: [t.int64], returns: t.int64 });
const mapped = (name: string, input: Iterable<unknown> = events(1000), module?: string) =>
  stream(rows(input), Event).map(row => ({ n: call(name, module)(row.n) }));
const runs = async (engine: Engine): Promise<void> => {
  const sink = collect();
  await within(mapped('same').to(sink).run({ engine }));
  expect(sink.rows.length).toBe(1000);
};

describe('rows that a function refuses become dead letters', () => {
  const engine = createEngine(SMALL);
  afterAll(() => engine.close());
  const messages: Record<string, [RegExp, number]> = {
    throwsOnOdd: [/^\d+ is odd$/, 500],
    wrongType: [/'text' is not of type int64/, 500],
    throwsText: [/just a text/, 1000],
    rejectsLater: [/Promise is not of type int64/, 1000],
  };
  for (const [name, [message, bad]] of Object.entries(messages)) {
    test(name, bounded, async () => {
      const letters = letterBox();
      const stats = await within(mapped(name).deadLetters(letters.sink).to(collect()).run({ engine, batchRows: 300 }));
      expectBalanced(stats);
      expect(stats.sources[0]).toMatchObject({ read: 1000, deadLettered: bad });
      for (const row of letters.sink.rows) expect([row['reason'], message.test(String(row['message']))]).toEqual(['UDF_FAILED', true]);
      if (bad === 500) expect(letters.sink.rows.map(row => Number(row['position']))).toEqual(Array.from({ length: 500 }, (_, n) => n * 2 + 1));
      await runs(engine);
    });
  }

  test('or end the job at the first', bounded, async () => {
    expect((await failure(mapped('throwsOnOdd').to(collect()).run({ engine, onBadRow: 'fail' }))).message).toMatch(/^BAD_ROW: row 1 of rows: UDF_FAILED: 1 is odd/);
    await runs(engine);
  });
});

describe('a function that cannot be loaded', () => {
  const engine = createEngine(SMALL);
  afterAll(() => engine.close());
  const modules: Record<string, [string, string, RegExp]> = {
    'a missing module': ['same', new URL('nowhere.mjs', import.meta.url).href, /nowhere\.mjs of user-defined function 'same' cannot be loaded: .*Cannot find module/],
    'a module that throws': ['same', new URL('functions-that-fail-to-load.mjs', import.meta.url).href, /this module cannot be loaded/],
    'a missing export': ['nothing', functions, /exports no function 'nothing'; it exports .*throwsOnOdd/],
    'an export that is no function': ['notAFunction', functions, /exports no function 'notAFunction'/],
  };
  for (const [name, [fn, module, message]] of Object.entries(modules)) {
    test(name, bounded, async () => {
      const sink = new ProbeSink();
      const error = await failure(mapped(fn, endless(), module).to(sink).run({ engine }));
      expect(error.code).toBe('UDF_NOT_FOUND');
      expect(error.message).toMatch(message);
      expect(sink.calls).toEqual(['open', 'abort']);
      await runs(engine);
    });
  }
});

describe('a function that ends its worker', () => {
  const crash = async (pipeline: { to: Output<never>['to'] }, code: string, message: RegExp): Promise<void> => {
    const engine = createEngine(SMALL);
    const sink = new ProbeSink();
    const error = await failure(pipeline.to(sink).run({ engine }));
    expect([error.code, message.test(error.message)]).toEqual([code, true]);
    expect(sink.calls.at(-1)).toBe('abort');
    const again = await failure(mapped('same').to(collect()).run({ engine }));
    expect(again.message).toMatch(/^ENGINE_CLOSED: this engine cannot be used: a worker was lost.*Create a new one/);
    await within(engine.close(), 5000);
  };
  test('by process.exit', bounded, () => crash(mapped('exits', endless()), 'WORKER_EXITED', /process\.exit.*run the job anew/));
  test('while others hold window state', bounded, () => crash(stream(rows(endless()), Event).eventTime('at', { outOfOrderness: 0 })
    .filter(row => call('exits')(row.n).gt(-1n)).groupBy('key').window(tumbling(10)).aggregate(() => ({ n: count() })), 'WORKER_EXITED', /process\.exit/));
});

test('an endless loop is ended by cancel(), within the settle time, and costs the engine', bounded, async () => {
  const engine = createEngine(SMALL);
  const job = mapped('loops', endless()).to(callback(() => {})).start({ engine, batchRows: 100 });
  // Only what comes before the loop is done.
  while (job.stats().sources[0]!.read < 500) await sleep(5);
  await sleep(50);
  job.cancel();
  expect((await failure(job.done)).code).toBe('CANCELLED');
  expect((await failure(mapped('same').to(collect()).run({ engine }))).message).toMatch(/ENGINE_CLOSED: .*a worker did not answer and was ended/);
  await within(engine.close(), 2000);
});

test('cancel() does not wait for a long batch', bounded, async () => {
  const engine = createEngine(SMALL);
  const job = mapped('slow', endless()).to(collect()).start({ engine, batchRows: 100 });
  await sleep(200);
  job.cancel();
  await failure(job.done, 2500);
  await runs(engine);
  await engine.close();
});
