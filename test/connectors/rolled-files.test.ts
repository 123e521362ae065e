import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { arrowIpc, callback, count, createEngine, csv, jsonl, rolledFiles, rows, schema, stream, sum, t, tumbling, type MillraceError, type RolledOptions, type Row, type Sink, type Source, type SourceItem } from 'millrace';
import { parquet } from 'millrace/parquet';

const folder = mkdtempSync(join(tmpdir(), 'millrace-rolled-'));
const engine = createEngine({ workers: 2, heap: '256MiB' });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});
let used = 0;
const fresh = (): string => join(folder, String(used++));
const filesIn = (place: string): string[] => existsSync(place) ? (readdirSync(place, { recursive: true, encoding: 'utf8' })).filter(name => name.includes('.')).sort() : [];
const linesOf = (path: string): Row[] => readFileSync(path, 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as Row);

const View = schema({ page: t.dictionary('int8'), at: t.timestamp, ms: t.int32.nullable });
const views = (n: number, pages = 3): Row[] => Array.from({ length: n }, (_, i) => ({ page: `p${i % pages}`, at: i * 1000, ms: i % 7 === 0 ? null : i }));
/** Views and milliseconds per page and minute. */
const perMinute = (input: Iterable<Row>) => stream(rows(input), View).eventTime('at').groupBy('page').window(tumbling('1m'))
  .aggregate(view => ({ views: count(), ms: sum(view.ms) }));
const run = (input: Iterable<Row>, place: string, options: RolledOptions = {}) =>
  perMinute(input).to(rolledFiles({ folder: place, ...options })).run({ engine });
const byWindow = { roll: { by: 'window' } } as const;
const Result = schema({ page: t.utf8, windowStart: t.timestamp, windowEnd: t.timestamp, views: t.int64, ms: t.int64.nullable });
const sorted = (all: Row[]): string[] => all.map(row => `${String(row['windowStart'])} ${String(row['page'])} ${String(row['views'])} ${String(row['ms'])}`).sort();

describe('rolledFiles()', () => {
  test('has a folder for each window, whose files hold just its rows', async () => {
    const place = fresh();
    await run(views(180), place, byWindow);
    expect(filesIn(place)).toEqual([0, 1, 2].map(minute => `window=19700101T000${minute}00Z-19700101T000${minute + 1}00Z/part-00001.jsonl`));
    for (const path of filesIn(place)) {
      const found = linesOf(join(place, path));
      expect(found.map(({ page }) => page).sort()).toEqual(['p0', 'p1', 'p2']);
      expect(new Set(found.map(row => row['windowStart'])).size).toBe(1);
    }
  });

  test.each(['jsonl', 'csv', 'arrow', 'parquet'] as const)('writes the same rows as %s, in whole files and in one for each window', async format => {
    const wanted = sorted(await perMinute(views(240)).collect({ engine }) as Row[]);
    for (const roll of [{}, { by: 'window' }, { rows: 5 }] as const) {
      const place = fresh();
      await run(views(240), place, { format, roll });
      const found: Row[] = [];
      for (const path of filesIn(place)) {
        const file = join(place, path);
        const source = { jsonl, csv, parquet, arrow: (name: string) => arrowIpc(name) }[format](file);
        found.push(...await stream(source, Result).filter(row => row.views.ge(0n)).collect({ engine }) as Row[]);
      }
      expect(sorted(found)).toEqual(wanted);
      expect(filesIn(place)).toHaveLength('by' in roll ? 4 : 'rows' in roll ? 3 : 1);
    }
  });

  test('a second run replaces the files of a window, and removes those that it does not need', async () => {
    const place = fresh();
    await run(views(180, 50), place, { roll: { by: 'window', rows: 1 } });
    // As a run with smaller files, or another format, would have left it.
    const window = join(place, filesIn(place)[0]!, '..');
    writeFileSync(join(window, 'part-00009.csv'), 'old');
    writeFileSync(join(window, 'notes.txt'), 'not ours');
    await run(views(180, 50), place, byWindow);
    const found = filesIn(place);
    expect(found.filter(path => path.startsWith('window=19700101T000000Z-19700101T000100Z/'))).toEqual(['notes.txt', 'part-00001.jsonl'].map(name => `window=19700101T000000Z-19700101T000100Z/${name}`));
    expect(found.filter(path => path.endsWith('.jsonl')).flatMap(path => linesOf(join(place, path)))).toHaveLength(150);
  });

  test('without windows every run adds files, and one with a name replaces those of that name', async () => {
    const place = fresh();
    await run(views(300), place, { run: 'monday', roll: { rows: 4 } });
    const first = filesIn(place);
    expect(first).toEqual([1, 2, 3, 4].map(number => `monday-0000${number}.jsonl`));
    expect(first.map(path => linesOf(join(place, path)).length)).toEqual([4, 4, 4, 3]);
    await run(views(300), place, { run: 'tuesday' });
    await run(views(300), place);
    expect(filesIn(place)).toHaveLength(first.length + 2);
    await run(views(300), place, { run: 'monday' });
    expect(filesIn(place).filter(name => name.startsWith('monday'))).toEqual(['monday-00001.jsonl']);
    expect(filesIn(place)).toHaveLength(3);
  });

  test('completes a file when its time is over, though no row comes', async () => {
    const place = fresh();
    let seen: string[] = [];
    async function* slow(): AsyncGenerator<Row> {
      yield* views(61);
      for (const until = Date.now() + 10_000; Date.now() < until && seen.length === 0; seen = filesIn(place).filter(name => name.endsWith('.jsonl'))) await sleep(20);
    }
    await perMinute(slow() as never).to(rolledFiles({ folder: place, run: 'r', roll: { everyMs: 50 } })).run({ engine });
    expect(seen).toEqual(['r-00001.jsonl']);
  });

  test('holds no more files open than it may', async () => {
    const place = fresh();
    await run(views(3600), place, { roll: { by: 'window', maxOpen: 2 } });
    expect(filesIn(place).flatMap(path => linesOf(join(place, path)))).toHaveLength(180);
    expect(new Set(filesIn(place).map(path => path.split('/')[0])).size).toBe(60);
  });

  test('a job that fails leaves complete files only', async () => {
    const place = fresh();
    const failing = function* (): Generator<Row> {
      yield* views(3600);
      throw new Error('the input broke');
    };
    const result = await run(failing(), place, { roll: { rows: 10 } }).catch(error => error as MillraceError);
    expect(result).toMatchObject({ code: 'SOURCE_FAILED' });
    expect(filesIn(place).filter(path => path.endsWith('.partial'))).toEqual([]);
    for (const path of filesIn(place)) expect(linesOf(join(place, path)).length).toBe(10);
  });

  test('a file that cannot be written fails the job, which leaves nothing of it', async () => {
    const place = fresh();
    mkdirSync(join(place, 'r-00001.jsonl'), { recursive: true });
    await expect(run(views(180), place, { run: 'r' })).rejects.toMatchObject({ code: 'SINK_FAILED' });
    expect(readdirSync(place)).toEqual(['r-00001.jsonl']);
  });

  test('is durable once its files are complete', async () => {
    const place = fresh();
    const inner = rolledFiles({ folder: place, run: 'r' });
    const seen: string[][] = [];
    const observed: Promise<void>[] = [];
    const sink: Sink = {
      name: 'observed', open: fields => inner.open(fields), close: () => inner.close(), abort: () => inner.abort(),
      write: async batch => {
        await inner.write(batch);
        observed.push(inner.durable!().then(() => void seen.push(filesIn(place))));
        await sleep(50);
        expect(seen).toEqual([]);
      },
    };
    await perMinute(views(180)).to(sink).run({ engine });
    await Promise.all(observed);
    expect(seen[0]).toEqual(['r-00001.jsonl']);
  });

  test('has the rows of a window once where the job begins anew within a run', async () => {
    const place = fresh();
    const input = views(240);
    let readings = 0;
    const restarting: Source = {
      name: 'restarting', bounded: true, dictionaries: true,
      read: async () => {
        const [number, items] = [readings++, [input.slice(0, 200), input.slice(200)]];
        const next = async (): Promise<SourceItem | null> => {
          const [rows] = items.splice(0, 1);
          if (number > 0 || items.length > 0) return rows === undefined ? null : { kind: 'rows', rows };
          // Two windows were closed, and are on their way to the sink.
          for (const until = Date.now() + 10_000; Date.now() < until && filesIn(place).length < 3;) await sleep(10);
          return { kind: 'restart' };
        };
        return { next, close: async () => {} };
      },
    };
    await stream(restarting, View).eventTime('at').groupBy('page').window(tumbling('1m')).aggregate(() => ({ views: count() }))
      .to(rolledFiles({ folder: place, ...byWindow })).run({ engine });
    expect(readings).toBe(2);
    const found = filesIn(place);
    expect(found.map(path => path.split('/')[1])).toEqual(Array.from({ length: 4 }, () => 'part-00001.jsonl'));
    expect(found.flatMap(path => linesOf(join(place, path))).map(({ views }) => views)).toEqual(Array.from({ length: 12 }, () => 20));
  });

  test('refuses what cannot be meant', async () => {
    const refused = (options: object): string => {
      try {
        rolledFiles({ folder: 'x', ...options });
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refused({ folder: '' })).toContain('folder');
    expect(refused({ format: 'xml' })).toContain('jsonl, csv, arrow, parquet');
    expect(refused({ roll: { by: 'day' } })).toContain('roll.by');
    expect(refused({ roll: { size: 3 } })).toContain('no option \'size\'');
    expect(refused({ roll: { rows: 0 } })).toContain('roll.rows');
    expect(refused({ run: 'a/b' })).toContain('run must be');
    expect(refused({ run: 'a', ...byWindow })).toContain('leave out run');
    const flat = stream(rows(views(3)), View).filter(view => view.ms.gt(0)).to(rolledFiles({ folder: fresh(), ...byWindow }));
    await expect(flat.run({ engine })).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('windowStart') as string });
  });

  test('takes dead letters', async () => {
    const place = fresh();
    await stream(rows([{ page: 'p', at: 1, ms: 'x' }] as never), View).filter(view => view.ms.gt(0)).deadLetters(rolledFiles({ folder: place })).to(callback(() => {})).run({ engine });
    expect(filesIn(place).flatMap(path => linesOf(join(place, path)))).toMatchObject([{ reason: 'BAD_ROW' }]);
  });
});
