import { afterAll, describe, expect, test } from 'vitest';
import { collect, count, createEngine, cumulating, type ResultBatch, type Row, type RunningJob, type Sink, sliding, stream, sum, tumbling } from 'millrace';
import { Event, type EventRow, expectBalanced, within } from '../failures/support.ts';
import { VirtualClock } from '../support/clock.ts';
import { LogSource } from '../support/log-source.ts';
import { Random } from '../support/random.ts';

/**
 * A job that dies, stops or begins anew at any moment, and takes up where it had delivered: no result is ever made of a part of its rows, and in the end
 * all are there. Rows are out of order, but none is too late, so that what is right does not depend on which partition was read first.
 */

const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 16);
const DISORDER = 40;
const engine = createEngine({ workers: 2, heap: '64MiB' });
afterAll(() => engine.close());

/** Keeps the newest version of each row, like a table does. */
class Table implements Sink {
  readonly name = 'table';
  readonly rows = new Map<string, Row>();
  readonly seen: Row[] = [];
  private lives = 0;
  open(): void {}
  incarnation(): Promise<number> {
    return Promise.resolve(++this.lives);
  }
  write(batch: ResultBatch): void {
    for (const row of batch.toRows()) {
      this.seen.push(row);
      const key = keyOf(row);
      const kept = this.rows.get(key);
      if (kept === undefined || (kept['version'] as bigint) < (row['version'] as bigint)) this.rows.set(key, row);
    }
  }
  close(): void {}
  abort(): void {}
}
const keyOf = (row: Row): string => `${String(row['key'])} ${String(row['windowStart'])} ${String(row['windowEnd'])}`;

const WINDOWS = {
  tumbling: { window: tumbling(50), spans: (at: number): [number, number][] => [[at - (at % 50), at - (at % 50) + 50]] },
  sliding: { window: sliding(60, 20), spans: (at: number): [number, number][] => [0, 20, 40].map(back => [at - (at % 20) - back, at - (at % 20) - back + 60]) },
  cumulating: { window: cumulating(100, 20), spans: (at: number): [number, number][] => [20, 40, 60, 80, 100].filter(length => length > at % 100).map(length => [at - (at % 100), at - (at % 100) + length]) },
} as const;
type Kind = keyof typeof WINDOWS;

function logsOf(random: Random): EventRow[][] {
  const keys = 1 + random.below(6);
  return Array.from({ length: 1 + random.below(3) }, (_, partition) => Array.from({ length: 100 + random.below(500) }, (_row, i) => ({ key: `key ${random.below(keys)}`, n: partition * 1000 + i, at: 1000 + i * 3 + random.below(DISORDER) })));
}
function truth(logs: readonly (readonly EventRow[])[], kind: Kind): Map<string, { n: number; total: number }> {
  const expected = new Map<string, { n: number; total: number }>();
  for (const { key, n, at } of logs.flat()) {
    for (const [start, end] of WINDOWS[kind].spans(at)) {
      const id = keyOf({ key, windowStart: start, windowEnd: end });
      const known = expected.get(id) ?? { n: 0, total: 0 };
      expected.set(id, { n: known.n + 1, total: known.total + n });
    }
  }
  return expected;
}

/** Runs a job life after life, each of which ends somehow, until one comes to the end of the input. Returns how many there were, and what was read twice. */
async function live(source: LogSource, clock: VirtualClock, random: Random, start: () => RunningJob & { stopper: AbortController }, end: { current: (left: number) => 'go on' | 'restart' }): Promise<{ lives: number; replayed: number }> {
  let replayed = 0;
  for (let lives = 1; ; lives++) {
    let items = random.below(60) + 1;
    const how = random.pick(['crash', 'stop', 'restart'] as const);
    let restarts = 0;
    let job: ReturnType<typeof start> | null = null;
    end.current = left => {
      if (left === 0 || --items > 0) return 'go on';
      if (how === 'crash') job!.cancel();
      if (how === 'stop') job!.stopper.abort();
      items = how === 'restart' && restarts++ < 3 ? random.below(60) + 1 : Infinity;
      return how === 'restart' ? 'restart' : 'go on';
    };
    job = start();
    await within(job.done.catch(() => {}));
    const stats = job.stats();
    replayed += stats.sources[0]!.replayed;
    expect(stats.sources[0]!.late).toBe(0);
    if (stats.state !== 'failed') expectBalanced(stats);
    if (stats.state === 'finished') return { lives, replayed };
    if (lives > 200) throw new Error('it never ends');
  }
}

describe.each(Object.keys(WINDOWS) as Kind[])('%s windows', kind => {
  test.each([0, 120])('are whole whenever a reading takes up where one has ended, with %i accepted', { timeout: 120_000 }, async accept => {
    let [lives, replayed, moved] = [0, 0, 0];
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = new Random(seed * 7919 + accept);
      const [logs, clock, table, end] = [logsOf(random), new VirtualClock(), new Table(), { current: (_left: number): 'go on' | 'restart' => 'go on' }];
      const source = new LogSource(logs, random, 40, clock, left => end.current(left));
      const windows = stream(source, Event).eventTime('at', { outOfOrderness: accept === 0 ? DISORDER : 0 }).groupBy('key').window(WINDOWS[kind].window).aggregate(row => ({ n: count(), total: sum(row.n) }));
      const pipeline = accept === 0 ? windows.to(table) : windows.late({ accept }).to(table);
      const start = () => {
        const stopper = new AbortController();
        return Object.assign(pipeline.start({ engine, clock, signal: stopper.signal }), { stopper });
      };
      const done = await live(source, clock, random, start, end);
      const note = `seed ${seed}`;
      const expected = truth(logs, kind);
      // Without revisions each result that ever came was right; with them the newest is.
      const results = accept === 0 ? new Map(table.seen.map(row => [keyOf(row), row])) : table.rows;
      if (accept === 0) for (const row of table.seen) expect({ n: Number(row['n']), total: Number(row['total']) }, `${note} ${keyOf(row)}`).toEqual(expected.get(keyOf(row)));
      expect([...results.keys()].sort(), note).toEqual([...expected.keys()].sort());
      for (const [id, row] of results) expect({ n: Number(row['n']), total: Number(row['total']) }, `${note} ${id}`).toEqual(expected.get(id));
      lives += done.lives + source.readings;
      replayed += done.replayed;
      if (source.noted.some(({ offset }) => offset > 0n)) moved++;
    }
    // Else the cases are worth nothing.
    expect(lives).toBeGreaterThan(RUNS * 2);
    expect(replayed).toBeGreaterThan(RUNS);
    expect(moved).toBeGreaterThan(RUNS / 4);
  });
});

test('rows that pass come at least once, and what was delivered is not read again', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = new Random(seed);
    const [logs, clock, sink, end] = [logsOf(random), new VirtualClock(), collect(), { current: (_left: number): 'go on' | 'restart' => 'go on' }];
    const source = new LogSource(logs, random, 40, clock, left => end.current(left));
    const seen: number[] = [];
    const pipeline = stream(source, Event).filter(row => row.n.gt(-1n)).to({ ...sink, name: 'seen', open() {}, write: (batch: ResultBatch) => void seen.push(...batch.toRows().map(row => Number(row['n']))), close() {}, abort() {} } as Sink);
    const { replayed } = await live(source, clock, random, () => {
      const stopper = new AbortController();
      return Object.assign(pipeline.start({ engine, clock, signal: stopper.signal }), { stopper });
    }, end);
    expect(replayed).toBe(0);
    expect([...new Set(seen)].sort((a, b) => a - b), `seed ${seed}`).toEqual(logs.flat().map(({ n }) => n).sort((a, b) => a - b));
    expect(source.noted.map(({ offset }) => Number(offset))).toEqual(logs.map(log => log.length));
  }
});
