import { describe, expect, test } from 'vitest';
import { stream, schema, t, tumbling, sliding, calendar, session, countWindow, count, sum, rows, type RunOptions } from 'millrace';
import { VirtualClock } from '../support/clock.ts';
import { ListSink } from '../support/run-plan.ts';
import { ScriptedSource, until } from '../support/scripted-source.ts';

/** When results come, how often, and in which version. The clock stands still but where a test moves it. */
const Event = schema({ key: t.utf8, at: t.timestamp });
const event = (key: string, at: number): object => ({ key, at });
const options: RunOptions = { workers: 2, heap: '64MiB' };
const shown = (sink: ListSink): string[] => sink.rows.map(row => `${String(row['key'])} ${String(row['windowStart'])}+${Number(row['windowEnd']) - Number(row['windowStart'])}: ${String(row['n'])}`);
const versions = (sink: ListSink): bigint[] => sink.rows.map(row => row['version'] as bigint);

describe('accepted lateness', () => {
  test('a late row within what is accepted revises its window; one beyond is late', async () => {
    const [results, late] = [new ListSink('results'), new ListSink('late')];
    const source = new ScriptedSource('events').rows([event('a', 5), event('b', 5), event('a', 12)]);
    const job = stream(source, Event).eventTime('at').groupBy('key').window(tumbling(10)).aggregate(() => ({ n: count() })).late({ accept: 20, then: late }).to(results).start(options);
    await until(() => results.rows.length === 2);
    source.rows([event('a', 3)]);
    await until(() => results.rows.length === 3);
    // 30 is accepted, since 10 + 20 ≤ 30 holds only behind it.
    source.rows([event('c', 30), event('a', 4)]);
    source.end();
    const stats = await job.done;
    expect(shown(results).slice(0, 2).sort()).toEqual(['a 0+10: 1', 'b 0+10: 1']);
    expect(shown(results)[2]).toBe('a 0+10: 2');
    expect(shown(results).slice(3).sort()).toEqual(['a 10+10: 1', 'c 30+10: 1']);
    expect(versions(results)[2]! > versions(results)[0]!).toBe(true);
    expect(late.rows.map(row => row['reason'])).toEqual(['LATE']);
    expect(stats.sources[0]).toMatchObject({ read: 6, applied: 5, late: 1 });
  });

  test('final results come once, when no row can change them any more', async () => {
    const results = new ListSink('results');
    const source = new ScriptedSource('events').rows([event('a', 5), event('a', 12), event('a', 29), event('a', 3)]);
    const job = stream(source, Event).eventTime('at').groupBy('key').window(tumbling(10)).aggregate(() => ({ n: count() })).late({ accept: 20 }).emit('final').to(results).start(options);
    await until(() => source.asked && job.stats().sources[0]!.read === 4);
    expect(results.rows).toEqual([]);
    source.rows([event('a', 30)]);
    await until(() => results.rows.length > 0);
    expect(shown(results)).toEqual(['a 0+10: 2']);
    source.end();
    await job.done;
    expect(shown(results)).toEqual(['a 0+10: 2', 'a 10+10: 1', 'a 20+10: 1', 'a 30+10: 1']);
    expect(results.rows.every(row => !('version' in row))).toBe(true);
  });

  test('a row that is late for one sliding window counts in those after it', async () => {
    const results = new ListSink('results');
    const source = new ScriptedSource('events').rows([event('a', 35), event('a', 12), event('a', 25)]);
    const job = stream(source, Event).eventTime('at').groupBy('key').window(sliding(20, 10)).aggregate(() => ({ n: count() })).to(results).start(options);
    source.end();
    const stats = await job.done;
    // 12 lies in [0, 20) and [10, 30), which have both closed; 25 in [10, 30), which has, and in [20, 40).
    expect(shown(results).sort()).toEqual(['a 20+20: 2', 'a 30+20: 1']);
    expect(stats.sources[0]).toMatchObject({ applied: 2, late: 1 });
  });
});

describe('early results', () => {
  test('what there is so far comes at every interval, of the groups that changed, and the rest at the close', async () => {
    const [results, clock] = [new ListSink('results'), new VirtualClock()];
    const source = new ScriptedSource('events').rows([event('a', 5), event('b', 5)]);
    const job = stream(source, Event).eventTime('at').groupBy('key').window(tumbling(10)).aggregate(() => ({ n: count() })).emit({ early: '10s' }).to(results).start({ ...options, clock });
    const read = (rowsRead: number): Promise<void> => until(() => source.asked && job.stats().sources[0]!.read === rowsRead);
    await read(2);
    clock.advance(9999);
    await read(2);
    expect(results.rows).toEqual([]);
    clock.advance(1);
    await until(() => results.rows.length === 2);
    expect(shown(results).sort()).toEqual(['a 0+10: 1', 'b 0+10: 1']);
    source.rows([event('a', 6)]);
    await read(3);
    clock.advance(10_000);
    await until(() => results.rows.length === 3);
    expect(shown(results)[2]).toBe('a 0+10: 2');
    source.rows([event('b', 7), event('c', 11)]);
    await until(() => results.rows.length === 4);
    expect(shown(results)[3]).toBe('b 0+10: 2');
    source.end();
    await job.done;
    expect(shown(results)[4]).toBe('c 10+10: 1');
    expect(versions(results).every((version, i, all) => i < 2 || version > all[i - 1]!)).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  test('sliding windows that are open come with what they have', async () => {
    const [results, clock] = [new ListSink('results'), new VirtualClock()];
    const source = new ScriptedSource('events').rows([event('a', 5), event('a', 15)]);
    const job = stream(source, Event).eventTime('at').groupBy('key').window(sliding(20, 10)).aggregate(() => ({ n: count() })).emit({ early: '1s' }).to(results).start({ ...options, clock });
    await until(() => source.asked && results.rows.length === 1);
    clock.advance(1000);
    await until(() => results.rows.length === 3);
    expect(shown(results)).toEqual(['a -10+20: 1', 'a 0+20: 2', 'a 10+20: 1']);
    source.end();
    await job.done;
    expect(shown(results).slice(3).sort()).toEqual(['a 0+20: 2', 'a 10+20: 1']);
  });
});

describe('early results of windows that each key makes for itself', () => {
  test('sessions come with the bounds that they have so far, and are taken back where these change', async () => {
    const [results, clock] = [new ListSink('results'), new VirtualClock()];
    const source = new ScriptedSource('events').rows([event('a', 0), event('a', 15), event('b', 5)]);
    const job = stream(source, Event).eventTime('at', { outOfOrderness: 1000 }).groupBy('key').window(session(10)).aggregate(() => ({ n: count() })).emit({ early: '1s' }).to(results).start({ ...options, clock });
    const early = async (rowsRead: number, wanted: number): Promise<string[]> => {
      await until(() => source.asked && job.stats().sources[0]!.read === rowsRead);
      const before = results.rows.length;
      clock.advance(1000);
      await until(() => results.rows.length === before + wanted);
      return shown(results).slice(before).sort();
    };
    expect(await early(3, 3)).toEqual(['a 0+10: 1', 'a 15+10: 1', 'b 5+10: 1']);
    // Of b nothing has changed; 20 makes the second session of a longer.
    source.rows([event('a', 20), event('a', 3)]);
    expect(await early(5, 4)).toEqual(['a 0+10: null', 'a 0+13: 2', 'a 15+10: null', 'a 15+15: 2']);
    source.rows([event('a', 9)]);
    expect(await early(6, 3)).toEqual(['a 0+13: null', 'a 0+30: 5', 'a 15+15: null']);
    // The same bounds: nothing is taken back.
    source.rows([event('a', 10)]);
    expect(await early(7, 1)).toEqual(['a 0+30: 6']);
    source.rows([event('b', 6)]);
    source.end();
    await job.done;
    // What has come already does not come again at the end.
    expect(shown(results).slice(11).sort()).toEqual(['b 5+10: null', 'b 5+11: 2']);
    expect(results.rows.map(row => row['deleted'] === true)).toEqual(results.rows.map(row => row['n'] === null));
    expect(clock.waiting).toBe(0);
  });

  test('a session that came early and closes unchanged is taken back by a late row that is accepted', async () => {
    const [results, clock] = [new ListSink('results'), new VirtualClock()];
    const source = new ScriptedSource('events').rows([event('a', 0)]);
    const job = stream(source, Event).eventTime('at').groupBy('key').window(session(10)).aggregate(() => ({ n: count() })).late({ accept: 100 }).emit({ early: '1s' }).to(results).start({ ...options, clock });
    await until(() => source.asked && job.stats().sources[0]!.read === 1);
    clock.advance(1000);
    await until(() => results.rows.length === 1);
    source.rows([event('b', 50)]);
    source.rows([event('a', 5)]);
    // It has passed its end: the revision does not wait for the next early results.
    await until(() => results.rows.length === 3);
    source.end();
    await job.done;
    expect(shown(results)).toEqual(['a 0+10: 1', 'a 0+10: null', 'a 0+15: 2', 'b 50+10: 1']);
  });

  test('count windows come with the rows that they have so far', async () => {
    const [results, clock] = [new ListSink('results'), new VirtualClock()];
    const source = new ScriptedSource('events').rows([event('a', 0), event('b', 0), event('a', 0)]);
    const job = stream(source, Event).groupBy('key').window(countWindow(3)).aggregate(() => ({ n: count() })).emit({ early: '1s' }).to(results).start({ ...options, clock });
    const lines = (from: number): string[] => results.rows.slice(from).map(row => `${String(row['key'])} ${String(row['windowNumber'])}: ${String(row['n'])}, version ${String(row['version'])}`).sort();
    await until(() => source.asked && job.stats().sources[0]!.read === 3);
    clock.advance(1000);
    await until(() => results.rows.length === 2);
    expect(lines(0)).toEqual(['a 0: 2, version 1', 'b 0: 1, version 1']);
    source.rows([event('a', 0), event('a', 0)]);
    // Full: at once.
    await until(() => results.rows.length === 3 && job.stats().sources[0]!.read === 5);
    expect(lines(2)).toEqual(['a 0: 3, version 2']);
    clock.advance(1000);
    await until(() => results.rows.length === 4);
    expect(lines(3)).toEqual(['a 1: 1, version 1']);
    source.rows([event('b', 0)]);
    source.end();
    await job.done;
    expect(lines(4)).toEqual(['b 0: 2, version 2']);
    expect('deleted' in results.rows[0]!).toBe(false);
  });
});

describe('calendar windows', () => {
  test('days of 23, 24 and 25 hours, in the zone of each row', async () => {
    const Sale = schema({ zone: t.utf8, at: t.timestamp, price: t.int32 });
    // The clocks of Paris go forward on 2024-03-31 and back on 2024-10-27; those of Tokyo never.
    const sale = (zone: string | null, at: string): object => ({ zone, at, price: 1 });
    const sales = ['2024-03-30T23:00:00Z', '2024-03-31T21:59:59.999Z', '2024-03-31T22:00:00Z', '2024-10-26T22:00:00Z', '2024-10-27T22:59:59.999Z', '2024-10-27T23:00:00Z']
      .flatMap(at => [sale('Europe/Paris', at), sale('Asia/Tokyo', at)]);
    const letters = new ListSink('letters');
    const source = rows([...sales, sale('Europe/Atlantis', '2024-11-01T00:00:00Z')]);
    const days: { zone: string; windowStart: number; windowEnd: number; n: bigint }[] = [];
    await stream(source, Sale).eventTime('at').groupBy('zone').window(calendar('day', { zoneFrom: 'zone' })).aggregate(row => ({ n: count(), turnover: sum(row.price) }))
      .deadLetters(letters).to({ name: 'days', open() {}, write: batch => void days.push(...batch.toRows() as unknown as typeof days), close() {}, abort() {} }).run(options);
    const text = days.map(({ zone, windowStart, windowEnd, n }) => `${zone} ${new Date(windowStart).toISOString()} ${(windowEnd - windowStart) / 3_600_000} h: ${n}`).sort();
    expect(text).toEqual([
      'Asia/Tokyo 2024-03-30T15:00:00.000Z 24 h: 1', 'Asia/Tokyo 2024-03-31T15:00:00.000Z 24 h: 2',
      'Asia/Tokyo 2024-10-26T15:00:00.000Z 24 h: 1', 'Asia/Tokyo 2024-10-27T15:00:00.000Z 24 h: 2',
      'Europe/Paris 2024-03-30T23:00:00.000Z 23 h: 2', 'Europe/Paris 2024-03-31T22:00:00.000Z 24 h: 1',
      'Europe/Paris 2024-10-26T22:00:00.000Z 25 h: 2', 'Europe/Paris 2024-10-27T23:00:00.000Z 24 h: 1',
    ]);
    expect(letters.rows.map(row => row['reason'])).toEqual(['UNKNOWN_ZONE']);
  });
});
