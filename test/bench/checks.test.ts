import { describe, expect, test } from 'vitest';

/** A benchmark whose check cannot fail proves nothing: these make the checks fail. */
const load = (path: string): Promise<any> => import(new URL(`../../bench/${path}`, import.meta.url).href);
const { GroupCheck, groupRows, int64Keys, keyNumber } = await load('workloads/group-rows.mjs');
const { textKeys, textNumber } = await load('workloads/text-keys.mjs');
const { missed, median, speedup, interleave } = await load('harness.mjs');
const { lateRows } = await load('workloads/ysb-events.mjs');

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
  const { times, equal } = await interleave([named('ours', () => true), named('peer', () => ++round !== 3)], { rounds: 3, start: 1 });
  expect(order.join(' ')).toBe('ours peer ours peer ours peer ours peer');
  expect(equal).toBe(false);
  expect(times.get('ours').length).toBe(3);
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), speedup(new Map([['a', [1, 2, 4]], ['b', [2, 8, 4]]]), 'a', 'b')]).toEqual([2, 2.5, 2]);
});
