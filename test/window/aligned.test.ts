import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GLOBAL_SLICE } from '../../src/window/aligned.ts';
import { sliceAssigner, type SlicedWindow } from '../../src/window/assigner.ts';
import type { SliceAssigner, Span } from '../../src/window/slice.ts';
import { windowsOfRow, type TimeWindow } from '../oracle/windows.ts';
import { alignedWindow } from './support.ts';

const [MIN, MAX] = [-(2n ** 63n), 2n ** 63n - 1n];
const assignerOf = (window: SlicedWindow): SliceAssigner => sliceAssigner(window)!;
const time = fc.oneof(
  { arbitrary: fc.bigInt(-300n, 300n), weight: 4 }, fc.bigInt(-(10n ** 13n), 10n ** 13n),
  fc.bigInt(0n, 300n).map(back => MAX - back), fc.bigInt(0n, 300n).map(on => MIN + on),
);
const text = ({ start, end }: Span): string => `${start} ${end}`;
const inside = (window: TimeWindow, t: bigint): readonly Span[] => windowsOfRow(window, t) as readonly Span[];

describe('aligned windows', () => {
  test('a row has one slice, and its windows are those that contain the slice', () => {
    fc.assert(fc.property(alignedWindow, time, (window, t) => {
      const assigner = assignerOf(window);
      const [slice, windows] = [assigner.sliceOf(t), windowsOfRow(window, t)];
      if (slice === null || windows === 'OVERFLOW') {
        expect([slice, windows]).toEqual([null, 'OVERFLOW']);
        return;
      }
      expect(slice.start <= t && t < slice.end).toBe(true);
      expect(assigner.windowsOf(slice)).toEqual(windows);
      expect([assigner.firstWindowEnd(slice), assigner.lastWindowEnd(slice)]).toEqual([(windows as Span[])[0]!.end, (windows as Span[]).at(-1)!.end]);
      for (const other of [slice.start, slice.end - 1n]) expect([assigner.sliceOf(other), windowsOfRow(window, other)]).toEqual([slice, windows]);
    }), { numRuns: 2000 });
  });

  test('slices lie side by side and are as long as can be', () => {
    fc.assert(fc.property(alignedWindow, fc.bigInt(-1000n, 1000n), (window, t) => {
      const assigner = assignerOf(window);
      const slice = assigner.sliceOf(t)!;
      const next = assigner.sliceOf(slice.end)!;
      expect(next.start).toBe(slice.end);
      expect(inside(window, next.start)).not.toEqual(inside(window, slice.start));
      if (assigner.sliceSize !== null) expect(slice.end - slice.start).toBe(assigner.sliceSize);
    }));
  });

  test('windows fire as their end is passed, if a row is in them', () => {
    fc.assert(fc.property(alignedWindow, fc.array(fc.bigInt(-300n, 300n), { maxLength: 8 }), fc.option(fc.bigInt(-400n, 400n)), fc.bigInt(-400n, 400n), (window, times, after, upTo) => {
      const assigner = assignerOf(window);
      const slices = times.map(t => assigner.sliceOf(t)!);
      const ends = ({ end }: Span): boolean => (after === null || end > after) && end <= upTo;
      const expected = new Map(times.flatMap(t => inside(window, t)).filter(ends).map(span => [text(span), span]));
      const found = assigner.windowsEndingIn(after, upTo, slices);
      expect(found.map(text)).toEqual([...expected.values()].sort((a, b) => Number(a.end - b.end) || Number(a.start - b.start)).map(text));
      for (const fired of found) {
        const parts = new Set(slices.filter(slice => slice.start >= fired.start && slice.end <= fired.end).sort((a, b) => Number(a.start - b.start)).map(text));
        expect([...parts]).toEqual([...new Set(times.filter(t => t >= fired.start && t < fired.end).sort((a, b) => Number(a - b)).map(t => text(assigner.sliceOf(t)!)))]);
      }
    }), { numRuns: 1000 });
  });

  test('late is what lies before the bound of a watermark', () => {
    fc.assert(fc.property(alignedWindow, fc.bigInt(-400n, 400n), fc.oneof(fc.bigInt(-400n, 400n), fc.constantFrom(MIN, MAX, MIN + 1n)), (window, t, watermark) => {
      const [assigner, windows] = [assignerOf(window), inside(window, t)];
      expect(t < assigner.lateBelow(watermark)).toBe(windows.at(-1)!.end <= watermark);
      expect(t < assigner.lateForSomeBelow(watermark)).toBe(windows[0]!.end <= watermark);
    }), { numRuns: 2000 });
  });

  test('boundaries are those of the slices of a stretch of time', () => {
    fc.assert(fc.property(alignedWindow, fc.bigInt(-1000n, 1000n), fc.bigInt(0n, 2000n), fc.integer({ min: 1, max: 300 }), (window, least, length, most) => {
      const assigner = assignerOf(window);
      const greatest = least + length;
      const slices = [assigner.sliceOf(least)!];
      while (slices.at(-1)!.end <= greatest) slices.push(assigner.sliceOf(slices.at(-1)!.end)!);
      const found = assigner.boundaries(least, greatest, most);
      if (slices.length > most) expect(found).toBeNull();
      else expect([...found!]).toEqual([...slices.map(({ start }) => start), slices.at(-1)!.end]);
      expect(assigner.sliceOfAll(least, greatest)).toEqual(slices.length === 1 ? slices[0] : null);
    }), { numRuns: 1000 });
  });

  test('ten seconds by a hundred milliseconds are slices of a hundred; 25 by 10 are slices of 5; 23 by 10 of 3 and 7', () => {
    const slicesOf = (size: number, slide: number): (bigint | string)[] => {
      const assigner = assignerOf({ kind: 'sliding', size, slide, offset: 0, unit: 'ms' });
      const [first, second] = [assigner.sliceOf(0n)!, assigner.sliceOf(assigner.sliceOf(0n)!.end)!];
      return [first.end, second.end - second.start, String(assigner.sliceSize)];
    };
    expect(slicesOf(10_000, 100)).toEqual([100n, 100n, '100']);
    expect(slicesOf(25, 10)).toEqual([5n, 5n, '5']);
    expect(slicesOf(23, 10)).toEqual([3n, 7n, 'null']);
  });

  test('days before 1970 begin at midnight', () => {
    const day = assignerOf({ kind: 'tumbling', size: 86_400_000, offset: 0, unit: 'ms' });
    expect(day.sliceOf(-1n)).toEqual({ start: -86_400_000n, end: 0n });
  });
});

test('the global window is one slice, which closes at the end of all time', () => {
  const all = assignerOf({ kind: 'global' });
  for (const t of [MIN, -1n, 0n, MAX]) expect(all.sliceOf(t)).toBe(GLOBAL_SLICE);
  expect(all.windowsEndingIn(null, MAX - 1n, [GLOBAL_SLICE])).toEqual([]);
  expect(all.windowsEndingIn(5n, MAX, [GLOBAL_SLICE])).toEqual([GLOBAL_SLICE]);
  expect(all.windowsEndingIn(5n, MAX, [])).toEqual([]);
  expect(all.windowsEndingIn(MAX, MAX, [GLOBAL_SLICE])).toEqual([]);
  expect([all.lateBelow(MAX), all.lateForSomeBelow(MAX)]).toEqual([MIN, MIN]);
});
