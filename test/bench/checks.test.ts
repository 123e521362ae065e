import { describe, expect, test } from 'vitest';

/** A benchmark whose check cannot fail proves nothing: these make the checks fail. */
const load = (path: string): Promise<any> => import(new URL(`../../bench/${path}`, import.meta.url).href);
const { GroupCheck, groupRows, int64Keys, keyNumber } = await load('workloads/group-rows.mjs');
const { textKeys, textNumber } = await load('workloads/text-keys.mjs');
const { missed, median, speedup, interleave } = await load('harness.mjs');
const { lateRows } = await load('workloads/ysb-events.mjs');
const late = await load('workloads/late-rows.mjs');
const { EmissionCheck } = await load('workloads/latency-rows.mjs');
const { SessionCheck, windowRows } = await load('workloads/windows-rows.mjs');
const { scatter } = await load('random.mjs');

describe('the check of groups', () => {
  const { expected } = groupRows(500, 20);
  type Group = [number: number, count: number, sum: number];
  const right: Group[] = Array.from({ length: 20 }, (_, number) => [number, expected.counts[number], expected.sums[number]]);
  const equal = (groups: Group[]): boolean => {
    const check = new GroupCheck(expected);
    for (const group of groups) check.add(...group);
    return check.equal;
  };
  test('takes the groups in any order', () => expect(equal(right.toReversed())).toBe(true));
  test('misses none', () => expect(equal(right.slice(1))).toBe(false));
  test('takes none twice', () => expect(equal([...right, right[3]!])).toBe(false));
  test('takes none in place of another', () => expect(equal([right[1]!, ...right.slice(1)])).toBe(false));
  test('knows none but its own', () => expect(equal([...right.slice(1), [-1, right[0]![1], right[0]![2]]])).toBe(false));
  test('counts and sums', () => {
    expect(equal(right.map(([number, count, sum], i) => [number, count + (i === 7 ? 1 : 0), sum]))).toBe(false);
    expect(equal(right.map(([number, count, sum], i) => [number, count, sum - (i === 7 ? 1 : 0)]))).toBe(false);
  });
});

test('keys lead back to their numbers', () => {
  const numbers = Uint32Array.from({ length: 5000 }, (_, i) => i * 1613);
  const words = new Int32Array(int64Keys(numbers, false).buffer);
  expect([...numbers.keys()].filter(row => keyNumber(words[row * 2], words[row * 2 + 1], false) !== numbers[row])).toEqual([]);
  const texts: string[] = textKeys(5000);
  expect(texts.every((text, number) => text.length === 20 && textNumber(text) === number)).toBe(true);
  expect([textNumber(`0${texts[1]!.slice(1)}`), textNumber('x'), textNumber(texts[1]!.toUpperCase())]).toEqual([-1, -1, -1]);
});

test('rows have every group, with the counts and sums that a plain loop finds', () => {
  const { index, value, expected } = groupRows(3000, 100);
  const counts = new Array(100).fill(0), sums = new Array(100).fill(0);
  for (let row = 0; row < 3000; row++) {
    counts[index[row]]++;
    sums[index[row]] += Number(value[row]);
  }
  expect([[...expected.counts], [...expected.sums]]).toEqual([counts, sums]);
  expect(Math.min(...counts)).toBeGreaterThan(0);
});

test('late rows are those whose window ended at or before the watermark just before them', () => {
  const at = (...seconds: number[]): BigInt64Array => BigInt64Array.from(seconds, second => BigInt(1_767_225_600_000 + Math.round(second * 1000)));
  expect(lateRows(at(5, 10.999, 9, 11, 9, 10, 30, 19, 20, 31, 20, 19.999))).toEqual([4, 7, 10, 11]);
});

test('a ratio is missed above its upper and below its lower bound, and when it is not a number', () => {
  expect(missed({ a: 2, b: 1.9, c: 64, d: 65, e: NaN }, { a: { atLeast: 2 }, b: { atLeast: 2 }, c: { atMost: 64 }, d: { atMost: 64 }, e: { atLeast: 1 }, f: { atLeast: 1 } })).toEqual(['b', 'd', 'e', 'f']);
});

test('cases are run in turn, and one wrong answer is enough', async () => {
  const order: string[] = [];
  const named = (name: string, check: () => boolean): object => ({ name, run: async () => order.push(name), check });
  let round = 0;
  const { times, equal } = await interleave([named('ours', () => true), named('peer', () => ++round !== 3)], { rounds: 3, warmUp: { leastRounds: 1, mostRounds: 1, ms: 0 } });
  expect(order.join(' ')).toBe('ours peer ours peer ours peer ours peer');
  expect(equal).toBe(false);
  expect(times.get('ours').length).toBe(3);
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), speedup(new Map([['a', [1, 2, 4]], ['b', [2, 8, 4]]]), 'a', 'b')]).toEqual([2, 2.5, 2]);
});

/** The words of a key. */
function wordsOf(number: number): [number, number] {
  const words = new Int32Array(2);
  scatter(number, words, 0);
  return [words[0]!, words[1]!];
}
const MINUTE = 60_000;

describe('the check of revised results', () => {
  const { expected, key, at } = late.lateRows(4000, 10);
  type Result = [number: number, startMs: number, version: number, count: number, sum: number];
  const right: Result[] = [...expected.counts.keys()].filter(group => expected.counts[group] > 0)
    .map(group => [group % 10, expected.first + Math.floor(group / 10) * MINUTE, 1, expected.counts[group], expected.sums[group]]);
  const checked = (results: Result[]): { equal: boolean; revisions: number } => {
    const check = new late.ChangelogCheck(expected);
    for (const [number, ...rest] of results) check.add(...wordsOf(number), ...rest);
    return { equal: check.equal, revisions: check.revisions };
  };
  const [[number, startMs, , count, sum], ...others] = right as [Result, ...Result[]];
  test('takes the groups in any order, and the greatest version of each', () => {
    expect(checked(right.toReversed())).toEqual({ equal: true, revisions: 0 });
    expect(checked([[number, startMs, 3, count, sum], [number, startMs, 2, 77, 5], ...others])).toEqual({ equal: true, revisions: 1 });
    expect(checked([[number, startMs, 3, 77, 5], [number, startMs, 2, count, sum], ...others]).equal).toBe(false);
  });
  test('misses none, and knows none but its own', () => {
    expect(checked(others).equal).toBe(false);
    expect(checked([...right, [11, startMs, 1, 1, 1]]).equal).toBe(false);
    expect(checked([...right, [number, startMs + 1, 1, count, sum]]).equal).toBe(false);
  });
  test('takes no version twice', () => expect(checked([...right, right[3]!]).equal).toBe(false));
  test('counts and sums', () => {
    expect(checked([[number, startMs, 1, count + 1, sum], ...others]).equal).toBe(false);
    expect(checked([[number, startMs, 1, count, sum + 1], ...others]).equal).toBe(false);
  });
  test('all rows are there: with every key in every minute, some late, a few of them too late', () => {
    expect(expected.counts.reduce((total: number, each: number) => total + each, 0) + expected.late).toBe(4000);
    expect([expected.late > 0, at.some((time: bigint, row: number) => row > 0 && time < at[row - 1])]).toEqual([true, true]);
    expect(new Set(key.subarray(20, 30)).size).toBe(10);
  });
  test('a row is too late once what its window accepts ends at or before the watermark', () => {
    const end = Date.UTC(2026, 0, 1, 1), twelve = 12 * 60 * MINUTE;
    expect([late.isLate(end - 1, end + twelve - 1), late.isLate(end - 1, end + twelve), late.isLate(end, end + twelve)]).toEqual([false, true, false]);
  });
});

test('the check of emissions wants each group once, and notes the last of a window', () => {
  const expected = { keys: 2, windows: 2, counts: Float64Array.of(1, 2, 0, 3), sums: Float64Array.of(5, 6, 0, 7), windowAt: (ms: number) => ms / 100 };
  type Result = [number: number, startMs: number, count: number, sum: number, atMs: number];
  const right: Result[] = [[0, 0, 1, 5, 20], [1, 0, 2, 6, 19], [1, 100, 3, 7, 30]];
  const checked = (results: Result[]): unknown[] => {
    const check = new EmissionCheck(expected);
    for (const [number, ...rest] of results) check.add(...wordsOf(number), ...rest);
    return [check.equal, ...check.emittedAt];
  };
  expect(checked(right)).toEqual([true, 20, 30]);
  expect(checked(right.slice(1))).toEqual([false, 19, 30]);
  for (const wrong of [right[0]!, [0, 100, 1, 1, 9], [2, 0, 1, 1, 9], [0, 50, 1, 5, 9], [0, 200, 1, 5, 9]] as Result[]) expect(checked([...right, wrong])[0]).toBe(false);
  expect(checked([...right.slice(0, 2), [1, 100, 3, 8, 30]])[0]).toBe(false);
});

test('the check of sessions wants each once, from its first row to a gap behind its last', () => {
  const rows = 3000, keys = 100;
  const { key, value, at, expectedSessions } = windowRows(rows, keys, true);
  const gap = expectedSessions.gapMs;
  // Another way to the same: the rows of each key, cut where the next is more than a gap away.
  type Session = [startMs: number, count: number, sum: number, endMs: number];
  const results = [...Array(keys).keys()].flatMap(number => {
    const [low, high] = wordsOf(number);
    const own = [...Array(rows).keys()].filter(row => key[row] === (BigInt(high) << 32n | BigInt(low >>> 0)));
    const cuts = own.flatMap((row, i) => (i === 0 || Number(at[row] - at[own[i - 1]!]) > gap ? [i] : []));
    return cuts.map((from, i): [number, ...Session] => {
      const session = own.slice(from, cuts[i + 1]);
      return [number, Number(at[session[0]!]), session.length, Number(session.reduce((sum, row) => sum + (value[row] as bigint), 0n)), Number(at[session.at(-1)!]) + gap];
    });
  });
  const equal = (all: typeof results): boolean => {
    const check = new SessionCheck(expectedSessions);
    for (const [number, ...session] of all) check.add(...wordsOf(number), ...session);
    return check.equal;
  };
  expect([equal(results), equal(results.slice(1)), equal([...results, results[0]!])]).toEqual([true, false, false]);
  const [[number, startMs, count, sum, endMs], ...others] = results as [(typeof results)[0], ...typeof results];
  for (const wrong of [[startMs + 1, count, sum, endMs], [startMs, count + 1, sum, endMs], [startMs, count, sum + 1, endMs], [startMs, count, sum, endMs + 1]] as Session[]) {
    expect(equal([[number, ...wrong], ...others])).toBe(false);
  }
});
