import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageUse } from '../../src/heap/page-allocator.ts';
import { assign, assignByZone, type AssignInput, type Tools, type VisitSlice } from '../../src/window/assign.ts';
import { type CalendarWindow, sliceAssigner, type SlicedWindow } from '../../src/window/assigner.ts';
import { lateBelow, ZoneColumn } from '../../src/window/zone-column.ts';
import type { Vector } from '../../src/expression/vector.ts';
import { testHeap } from '../support/heap.ts';
import { stateHeap } from '../support/state-heap.ts';
import { windowsOfRow } from '../oracle/windows.ts';
import { alignedWindow, calendarWindow, ODD_ZONES } from './support.ts';

const base = testHeap(2048);
const { heap, pages, scratch } = stateHeap('wasm', 0, 2048, base);
const tools = (kind: 'wasm' | 'twins'): Tools => ({ heap, kernels: base[kind], scratch });
const texts = pages.allocate(1 << 20, PageUse.scratch);

/** Places rows in scratch. `taking`: which elements take part; all, if all do. */
function place(times: readonly bigint[], taking: readonly boolean[]): AssignInput & { taken: number[] } {
  const at = scratch.take(times.length * 8);
  heap.i64.set(times, at >>> 3);
  const taken = times.flatMap((_, element) => (taking[element] ? [element] : []));
  if (taken.length === times.length) return { elements: times.length, rows: times.length, positions: 0, times: at, taken };
  const positions = scratch.take(taken.length * 4 + 4);
  heap.u32.set(taken, positions >>> 2);
  return { elements: times.length, rows: taken.length, positions, times: at, taken };
}
/** What was visited: `start end` → elements; a slice that is visited once more than wanted shows. */
function visited(call: (visit: VisitSlice) => void): Map<string, number[]> {
  const found = new Map<string, number[]>();
  call(({ start, end }, positions, rows) => {
    const elements = positions ? Array.from(heap.u32.subarray(positions >>> 2, (positions >>> 2) + rows)) : Array.from({ length: rows }, (_, row) => row);
    found.set(`${start} ${end}`, [...found.get(`${start} ${end}`) ?? [], ...elements]);
  });
  return found;
}
function expected(taken: readonly number[], sliceOf: (element: number) => { start: bigint; end: bigint }): Map<string, number[]> {
  const wanted = new Map<string, number[]>();
  for (const element of taken) {
    const { start, end } = sliceOf(element);
    wanted.set(`${start} ${end}`, [...wanted.get(`${start} ${end}`) ?? [], element]);
  }
  return wanted;
}
const kinds = fc.constantFrom('wasm' as const, 'twins' as const);
const times = fc.tuple(fc.constantFrom(0, -5000, 1_700_000_000_000), fc.constantFrom(3, 500, 200_000, 4e9), fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 60 }))
  .map(([from, span, parts]) => parts.map(part => BigInt(from + Math.floor(part * span))));
const taking = fc.oneof(fc.constant(Array<boolean>(60).fill(true)), fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }));

describe('rows to slices', () => {
  test('every row to its slice, each slice once, in the order of rows', () => {
    fc.assert(fc.property(kinds, fc.oneof(alignedWindow, calendarWindow, fc.constant<SlicedWindow>({ kind: 'global' })), times, taking, (kind, window, drawn, taking) => {
      scratch.reset();
      const assigner = sliceAssigner(window)!;
      const perMs = 'unit' in window && window.unit === 'us' ? 1000n : 1n;
      const { taken, ...input } = place(drawn.map(time => time * perMs), taking);
      let visits = 0;
      const found = visited(visit => assign(tools(kind), assigner, input, (...args) => (visits++, visit(...args))));
      expect(found).toEqual(expected(taken, element => assigner.sliceOf(drawn[element]! * perMs)!));
      expect(visits).toBe(found.size);
    }), { numRuns: 600 });
  });

  test('the times at the ends of what 64 bits can hold', () => {
    for (const kind of ['wasm', 'twins'] as const) {
      scratch.reset();
      const assigner = sliceAssigner({ kind: 'sliding', size: 23, slide: 10, offset: 3, unit: 'ms' })!;
      const ends = [assigner.inside.start, assigner.inside.end - 1n, 0n, assigner.inside.start];
      const { taken, ...input } = place(ends, [true, true, true, true]);
      expect(visited(visit => assign(tools(kind), assigner, input, visit))).toEqual(expected(taken, element => assigner.sliceOf(ends[element]!)!));
    }
  });
});

const NAMES = [...ODD_ZONES.slice(0, 6), 'europe/paris', 'Europe/Paris', 'Mars/Base', '', '+01:00', 'x'.repeat(100)];
const window = (every: CalendarWindow['every']): CalendarWindow => ({ kind: 'calendar', every, zone: null, zoneColumn: { op: 'column', name: 'zone', type: { kind: 'utf8' }, nullable: true }, unit: 'ms' });

/** Zone names as a vector; null where there is none. */
function vectorOf(names: readonly (string | null)[], cls: 'code' | 'bytes', id: number): Vector {
  const valid = scratch.take(names.length);
  heap.u8.set(names.map(name => Number(name !== null)), valid);
  let top = texts;
  const views = new Map([...new Set(names.map(name => name ?? ''))].map(name => {
    const bytes = Buffer.from(name);
    heap.u8.set(bytes, top);
    top += bytes.length;
    return [name, [top - bytes.length, bytes.length] as const];
  }));
  if (cls === 'bytes') {
    const data = scratch.take(names.length * 8);
    heap.u32.set(names.flatMap(name => (name === null ? [texts, 0] : views.get(name)!)), data >>> 2);
    return { cls, data, valid, dictionary: 0 };
  }
  const known = [...views.keys()];
  const [data, offsets, block] = [scratch.take(names.length * 4), scratch.take(known.length * 4 + 4), scratch.take(16)];
  heap.i32.set(names.map(name => (name === null ? 0 : known.indexOf(name))), data >>> 2);
  heap.i32.set([0, ...known.map(name => views.get(name)![0] - texts + views.get(name)![1])], offsets >>> 2);
  heap.u32.set([known.length, offsets, texts, id], block >>> 2);
  return { cls, data, valid, dictionary: block };
}

describe('a zone a row', () => {
  const names = fc.array(fc.option(fc.constantFrom(...NAMES), { freq: 10 }), { minLength: 60, maxLength: 60 });
  const columns = new Map((['wasm', 'twins'] as const).flatMap(kind => (['hour', 'day', 'week', 'month'] as const).map(every => [`${kind} ${every}`, new ZoneColumn(tools(kind), window(every))] as const)));
  let dictionaries = 0;

  test('each row in the calendar of its own zone; rows of no zone are told', () => {
    fc.assert(fc.property(kinds, fc.constantFrom('hour', 'day', 'week', 'month'), fc.constantFrom('code', 'bytes'), times, names, taking, fc.integer({ min: -1, max: 1 }), (kind, every, cls, drawn, names, taking, by) => {
      scratch.reset();
      const own = names.slice(0, drawn.length);
      const windows = drawn.map((time, element) => windowsOfRow(window(every), time, own[element]!));
      const zones = columns.get(`${kind} ${every}`)!.read(vectorOf(own, cls, ++dictionaries), drawn.length);
      const number = (element: number): number => heap.u32[(zones.numbers >>> 2) + element]!;
      windows.forEach((of, element) => expect(zones.assigners[number(element)] === null, String(own[element])).toBe(of === 'UNKNOWN_ZONE'));
      expect(zones.someUnknown).toBe(windows.includes('UNKNOWN_ZONE'));
      const { taken, ...input } = place(drawn, windows.map((of, element) => of !== 'UNKNOWN_ZONE' && taking[element]!));
      const found = visited(visit => assignByZone(tools(kind), zones, input, visit));
      for (const elements of found.values()) elements.sort((a, b) => a - b);
      expect(found).toEqual(expected(taken, element => (windows[element] as readonly { start: bigint; end: bigint }[])[0]!));
      const watermark = drawn[0]! + BigInt(by);
      for (const element of taken) {
        const late = (windows[element] as readonly { end: bigint }[])[0]!.end <= watermark;
        expect(drawn[element]! < zones.assigners[number(element)]!.lateBelow(watermark)).toBe(late);
        if (late) expect(drawn[element]! < lateBelow(zones, watermark)).toBe(true);
      }
    }), { numRuns: 150 });
  });

  test('a dictionary that grows keeps what its codes were', () => {
    scratch.reset();
    const column = new ZoneColumn(tools('wasm'), window('day'));
    const numbers = (list: string[], id: number): number[] => {
      const { numbers } = column.read(vectorOf(list, 'code', id), list.length);
      return Array.from(heap.u32.subarray(numbers >>> 2, (numbers >>> 2) + list.length));
    };
    expect(numbers(['UTC', 'Nowhere'], 900_001)).toEqual([1, 0]);
    expect(numbers(['UTC', 'Nowhere', 'Europe/Paris', 'UTC'], 900_001)).toEqual([1, 0, 2, 1]);
    expect(numbers(['Asia/Tokyo', 'europe/PARIS'], 900_002)).toEqual([3, 2]);
  });
});
