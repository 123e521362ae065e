import type { Window } from '../../src/plan/window-plan.ts';
import { floorDiv } from './calendar.ts';
import { calendarInterval, isZone } from './zones.ts';

/** [start, end) in the unit of event time. */
export interface Span { readonly start: bigint; readonly end: bigint }
export type TimeWindow = Exclude<Window, { kind: 'session' | 'count' }>;
export type Unplaced = 'OVERFLOW' | 'UNKNOWN_ZONE';

const [LEAST, GREATEST] = [-(2n ** 63n), 2n ** 63n - 1n];
/** 100 days less than what a Date can hold. */
const CALENDAR_END_MS = 8_640_000_000_000_000n - 100n * 86_400_000n;
const WHOLE: Span = { start: LEAST, end: GREATEST };

/** Every window that a row belongs to, found one by one; or why it belongs nowhere. `zone`: the row's own, for a zone that is a column. */
export function windowsOfRow(window: TimeWindow, time: bigint, zone: string | null = null): readonly Span[] | Unplaced {
  if (window.kind === 'global') return [WHOLE];
  if (window.kind === 'calendar') return calendarWindow(window, time, zone);
  const windows = window.kind === 'cumulating' ? cumulating(window, time) : sliding(window, time);
  return windows.every(({ start, end }) => start >= LEAST && end <= GREATEST) ? windows : 'OVERFLOW';
}

function sliding(window: Extract<Window, { kind: 'tumbling' | 'sliding' }>, time: bigint): Span[] {
  const size = BigInt(window.size);
  const slide = window.kind === 'sliding' ? BigInt(window.slide) : size;
  const found: Span[] = [];
  const latest = floorDiv(time - BigInt(window.offset), slide) * slide + BigInt(window.offset);
  for (let start = latest; time < start + size; start -= slide) found.unshift({ start, end: start + size });
  return found;
}

function cumulating(window: Extract<Window, { kind: 'cumulating' }>, time: bigint): Span[] {
  const [size, step] = [BigInt(window.size), BigInt(window.step)];
  const start = floorDiv(time - BigInt(window.offset), size) * size + BigInt(window.offset);
  const found: Span[] = [];
  for (let end = start + step; end <= start + size; end += step) if (time < end) found.push({ start, end });
  return found;
}

function calendarWindow(window: Extract<Window, { kind: 'calendar' }>, time: bigint, own: string | null): Span[] | Unplaced {
  const zone = window.zoneColumn === null ? window.zone ?? 'UTC' : own;
  if (zone === null || !/^[a-z]/i.test(zone) || !isZone(zone)) return 'UNKNOWN_ZONE';
  const perMs = window.unit === 'us' ? 1000n : 1n;
  const ms = floorDiv(time, perMs);
  if (ms < -CALENDAR_END_MS || ms >= CALENDAR_END_MS) return 'OVERFLOW';
  const { start, end } = calendarInterval(zone, window.every, Number(ms));
  return [{ start: BigInt(start) * perMs, end: BigInt(end) * perMs }];
}

/**
 * Of a row's windows those that it still counts in: the ones that can take rows yet, as the watermark stands just before it. None: the row
 * is late. Windows close one by one: a row that is too late for one counts in those that are open.
 */
export const openWindows = (windows: readonly Span[], accept: bigint, watermark: bigint | null): readonly Span[] =>
  windows.filter(({ end }) => watermark === null || end + accept > watermark);
