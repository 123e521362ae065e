import { describe, expect, test } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatExact, formatPercent } from '../../src/cli/format.ts';

describe('numbers as people read them', () => {
  test.each([
    [0, '0'], [7, '7'], [999, '999'], [999.6, '1.00 k'], [1000, '1.00 k'], [12_345, '12.3 k'], [99_949, '99.9 k'], [99_960, '100 k'],
    [999_499, '999 k'], [999_500, '1.00 M'], [1_234_567, '1.23 M'], [3.4e9, '3.40 G'], [2e15, '2000 T'], [-1500, '-1.50 k'],
  ])('count %d is %s', (count, text) => expect(formatCount(count)).toBe(text));

  test.each([[0, '0 B'], [512, '512 B'], [1023, '1.00 KiB'], [1536, '1.50 KiB'], [2 ** 32, '4.00 GiB']])('%d bytes is %s', (bytes, text) =>
    expect(formatBytes(bytes)).toBe(text));

  test.each([
    [-5, '0 ms'], [0, '0 ms'], [999, '999 ms'], [999.7, '1.00 s'], [9_990, '9.99 s'], [12_345, '12.3 s'], [59_949, '59.9 s'],
    [59_960, '1 min 00 s'], [200_000, '3 min 20 s'], [3_599_400, '59 min 59 s'], [3_599_600, '1 h 00 min'], [7_500_000, '2 h 05 min'],
    [86_400_000, '1 d 00 h'], [273_600_000, '3 d 04 h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test('a percentage is 100 only when all is done', () => {
    expect([0, 0.005, 0.5, 0.9999, 1].map(formatPercent)).toEqual(['0 %', '0 %', '50 %', '99 %', '100 %']);
  });

  test('an exact count has separators', () => expect(formatExact(1_234_567)).toBe('1,234,567'));
});
