import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { arrowIpcFile, callback, collect, count, createEngine, csv, jsonl, rows, type Sink, stream, tumbling } from 'millrace';
import { bounded, endless, Event, events, expectBalanced, failure, never, ProbeSink, sleep, SMALL, within } from './support.ts';

const engine = createEngine(SMALL);
afterAll(() => engine.close());
const folder = mkdtempSync(join(tmpdir(), 'millrace-sinks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const copying = (input: Iterable<unknown>) => stream(rows(input), Event);
const counting = (input: Iterable<unknown>) => stream(rows(input), Event).eventTime('at', { outOfOrderness: 0 }).groupBy('key').window(tumbling(50)).aggregate(() => ({ n: count() }));
const boom = (): never => { throw new Error('the disk is full'); };
const rejects = (): Promise<never> => Promise.reject(new Error('the disk is full'));
const later = (_: unknown, written: number): void => { if (written > 0) boom(); };

describe('a sink that fails', () => {
  const cases = {
    'throws at open': [{ open: boom }, ['open', 'abort'], /cannot be opened: the disk is full/],
    'rejects at open': [{ open: rejects }, ['open', 'abort'], /cannot be opened: the disk is full/],
    'throws at the first write': [{ write: boom }, ['open', 'write', 'abort'], /the sink probe failed: the disk is full/],
    'rejects at the first write': [{ write: rejects }, ['open', 'write', 'abort'], /the sink probe failed: the disk is full/],
    'throws at a later write': [{ write: later }, ['open', 'write', 'abort'], /the sink probe failed: the disk is full/],
    'throws at close': [{ close: boom }, ['open', 'write', 'close', 'abort'], /the sink probe failed at its end: the disk is full/],
    'throws at abort, too': [{ write: boom, abort: boom }, ['open', 'write', 'abort'], /the sink probe failed: the disk is full/],
    'rejects at abort, too': [{ close: rejects, abort: rejects }, ['open', 'write', 'close', 'abort'], /failed at its end: the disk is full/],
  } as const;
  for (const [name, [on, calls, message]] of Object.entries(cases)) {
    for (const [kind, pipeline] of [['rows', copying], ['windows', counting]] as const) {
      // All windows may come in one batch.
      if (kind === 'windows' && name === 'throws at a later write') continue;
      test(`${name} (${kind})`, bounded, async () => {
        const sink = new ProbeSink(on);
        const job = pipeline(events(20_000)).to(sink);
        const error = await failure(job.run({ engine, batchRows: 1000 }));
        expect(error.code).toBe('SINK_FAILED');
        expect(error.message).toMatch(message);
        expect(error.cause).toMatchObject({ message: 'the disk is full' });
        expect(sink.calls).toEqual(calls);
        expect(job.stats()!.state).toBe('failed');
      });
    }
  }

  test('of rows set aside fails the job, and the results are not completed', bounded, async () => {
    for (const on of [{ open: boom }, { write: boom }, { close: boom }]) {
      const results = new ProbeSink();
      const error = await failure(copying([...events(5000), { key: 1 }]).deadLetters(new ProbeSink(on, 'letters')).to(results).run({ engine }));
      expect(error.message).toMatch(/^SINK_FAILED: the sink letters .*the disk is full/);
      expect(results.calls.at(-1)).toBe('abort');
      expect(results.calls).not.toContain('close');
    }
  });

  test('leaves the engine as good as new', bounded, async () => {
    const sink = collect<{ n: bigint }>();
    await within(counting(events(1000)).to(sink).run({ engine }));
    expect(sink.rows.length).toBe(200);
  });
});

test('what does not answer holds up neither the failure nor cancel(): the engine is given up', bounded, async () => {
  const own = createEngine(SMALL);
  const sink = new ProbeSink({ write: never });
  const job = counting(events(5000)).to(sink).start({ engine: own });
  while (!sink.calls.includes('write')) await sleep(5);
  job.cancel();
  expect((await failure(job.done)).code).toBe('CANCELLED');
  expect(sink.calls).toEqual(['open', 'write', 'abort']);
  expect((await failure(counting([]).to(collect()).run({ engine: own }))).message).toMatch(/ENGINE_CLOSED: .*a sink did not answer/);
  await own.close();
});

test('a sink that answers after the job was cancelled finds the heap as it was', bounded, async () => {
  let seen: unknown[] = [];
  const sink = new ProbeSink({ write: async batch => { await sleep(200); seen = batch.toRows(); } });
  const job = copying(events(3000)).to(sink).start({ engine });
  while (!sink.calls.includes('write')) await sleep(5);
  job.cancel();
  expect((await failure(job.done)).code).toBe('CANCELLED');
  expect(seen).toEqual(events(3000).map(({ key, n, at }) => ({ key, n: BigInt(n), at })));
  await within(counting(events(100)).to(collect()).run({ engine }));
});

for (const [step, calls] of [['open', ['open', 'abort']], ['close', ['open', 'write', 'close', 'abort']]] as const) {
  test(`cancel() ends a job whose sink never answers at ${step}`, bounded, async () => {
    const sink = new ProbeSink({ [step]: never });
    const job = copying(events(10)).to(sink).start({ engine });
    while (!sink.calls.includes(step)) await sleep(5);
    job.cancel();
    expect((await failure(job.done)).code).toBe('CANCELLED');
    expect(sink.calls).toEqual(calls);
  });
}

describe('a slow sink', () => {
  for (const [kind, pipeline, expected] of [['rows', copying, 30_000], ['windows', counting, 6000]] as const) {
    test(`pauses the source, keeps memory bounded and gets every row (${kind})`, bounded, async () => {
      let [ahead, most, produced] = [0, 0, 0];
      function* input(): Generator<unknown> {
        for (const row of events(30_000)) {
          produced++;
          yield row;
        }
      }
      const sink = new ProbeSink({ write: async batch => {
        await sleep(2);
        if (kind === 'rows') ahead = Math.max(ahead, produced - sink.rows - batch.rows);
      } });
      const stats = await within(pipeline(input()).to(sink).run({ engine, batchRows: 100, progressEveryMs: 5, onProgress: now => (most = Math.max(most, now.batchBytes)) }));
      expect(sink.rows).toBe(expected);
      expect(stats.emitted).toBe(expected);
      expectBalanced(stats);
      // 60 morsels in flight, 64 results that wait, one being read and one being written.
      expect(ahead).toBeLessThanOrEqual(100 * (60 + 64 + 2));
      expect(most).toBeLessThan((64 << 20) / 4);
      expect(stats.batchBytes).toBe(0);
    });
  }

  test('with large batches in a small heap is waited for', bounded, async () => {
    const text = 'x'.repeat(200_000);
    const input = Array.from({ length: 400 }, (_, n) => ({ key: text, n, at: n }));
    const sink = new ProbeSink({ write: () => sleep(2) });
    const stats = await within(copying(input).to(sink).run({ engine, batchRows: 10 }));
    expect([sink.rows, stats.batchBytes]).toEqual([400, 0]);
  });

  test('stops in good order: what was read is written', bounded, async () => {
    const stop = new AbortController();
    const sink = new ProbeSink({ write: async () => { await sleep(3); if (sink.rows > 3000) stop.abort(); } });
    const stats = await within(copying(endless()).to(sink).run({ engine, batchRows: 100, signal: stop.signal }));
    expect(stats.state).toBe('stopped');
    expect(sink.rows).toBe(stats.sources[0]!.applied);
    expectBalanced(stats);
    expect(sink.calls.at(-1)).toBe('close');
  });
});

describe('files', () => {
  const sinks: Record<string, (path: string) => Sink> = { jsonl: path => jsonl(path), csv: path => csv(path), arrow: path => arrowIpcFile(path) };
  for (const [name, make] of Object.entries(sinks)) {
    test(`${name}: a failed or cancelled job leaves nothing, a later one a whole file`, bounded, async () => {
      const path = join(folder, `results.${name}`);
      function* input(): Generator<unknown> {
        yield* events(50_000);
        throw new Error('the source broke');
      }
      expect((await failure(copying(input()).to(make(path)).run({ engine, batchRows: 1000 }))).code).toBe('SOURCE_FAILED');
      const job = copying(endless()).to(make(path)).start({ engine, batchRows: 1000 });
      while (job.stats().emitted < 5000) await sleep(5);
      job.cancel();
      await failure(job.done);
      expect(readdirSync(folder)).toEqual([]);
      await within(copying(events(1000)).to(make(path)).run({ engine }));
      expect(readdirSync(folder)).toEqual([`results.${name}`]);
      rmSync(path);
    });
  }

  test('a path that cannot be written, and results that stay if only a second job fails', bounded, async () => {
    const error = await failure(copying(events(10)).to(jsonl(join(folder, 'no', 'such', 'folder.jsonl'))).run({ engine }));
    expect(error.code).toBe('SINK_FAILED');
    expect(error.message).toMatch(/ENOENT/);
    const path = join(folder, 'kept.jsonl');
    await within(copying(events(3)).to(jsonl(path)).run({ engine }));
    await failure(copying(events(3)).deadLetters(new ProbeSink({ open: boom })).to(jsonl(path)).run({ engine }));
    expect(readFileSync(path, 'utf8').split('\n').length).toBe(4);
    expect(existsSync(`${path}.partial`)).toBe(false);
    rmSync(path);
  });

  test('a stream that is destroyed fails the job', bounded, async () => {
    const target = new Writable({ write(_chunk, _encoding, done) { done(new Error('the other side went away')); } });
    expect((await failure(copying(events(100_000)).to(jsonl(target)).run({ engine, batchRows: 1000 }))).message).toMatch(/SINK_FAILED: .*the other side went away/);
  });
});

test('an onProgress that throws ends the job, not the process', bounded, async () => {
  const error = await failure(copying(endless()).to(callback(() => sleep(1))).run({ engine, batchRows: 10, progressEveryMs: 5, onProgress: boom }));
  expect(error.message).toBe('BAD_OPTION: onProgress threw: the disk is full');
  const atEnd = await within(copying(events(10)).to(collect()).run({ engine, progressEveryMs: 1_000_000, onProgress: boom }));
  expect(atEnd.state).toBe('finished');
});
