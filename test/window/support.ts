import fc from 'fast-check';
import type { Window } from '../../src/plan/window-plan.ts';
import type { TimeWindow } from '../oracle/windows.ts';

export type CalendarWindow = Extract<Window, { kind: 'calendar' }>;
const size = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom(1000, 60_000, 86_400_000));
const offset = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 }));

export const alignedWindow: fc.Arbitrary<TimeWindow> = fc.oneof(
  fc.record({ size, offset }).map(drawn => ({ kind: 'tumbling' as const, unit: 'ms' as const, ...drawn, offset: drawn.offset % drawn.size })),
  fc.record({ size, parts: fc.double({ min: 0, max: 20, noNaN: true }), offset }).map(({ size, parts, offset }) => {
    const slide = Math.max(1, Math.floor(size / (1 + parts)));
    return { kind: 'sliding' as const, unit: 'ms' as const, size, slide, offset: offset % slide };
  }),
  fc.record({ step: size, steps: fc.integer({ min: 1, max: 12 }), offset }).map(({ step, steps, offset }) =>
    ({ kind: 'cumulating' as const, unit: 'ms' as const, size: step * steps, step, offset: offset % (step * steps) })),
);

export const ZONES: readonly string[] = Intl.supportedValuesOf('timeZone');
/** Zones whose clocks do something that a program may not expect. */
export const ODD_ZONES: readonly string[] = [
  'America/Sao_Paulo', 'Africa/Cairo', 'Asia/Beirut', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/St_Johns', 'Asia/Kathmandu', 'Africa/Casablanca',
  'America/Havana', 'Asia/Tehran', 'Pacific/Chatham', 'America/Juneau', 'Pacific/Kwajalein', 'America/Scoresbysund', 'Antarctica/Troll', 'Europe/Paris', 'Asia/Gaza', 'UTC',
];
export const zone: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...ZONES), fc.constantFrom(...ODD_ZONES));
export const calendarUnit: fc.Arbitrary<CalendarWindow['every']> = fc.constantFrom('hour', 'day', 'week', 'month');
export const calendarWindow: fc.Arbitrary<CalendarWindow> = fc.record({ every: calendarUnit, zone, unit: fc.constantFrom('ms' as const, 'us' as const) })
  .map(drawn => ({ kind: 'calendar', zoneColumn: null, ...drawn }));

/** Times in ms: of this age, from 1800 to 2200, and far away. */
export const calendarTime: fc.Arbitrary<number> = fc.oneof(
  { arbitrary: fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2040, 0) }), weight: 4 },
  { arbitrary: fc.integer({ min: Date.UTC(1800, 0), max: Date.UTC(2200, 0) }), weight: 2 },
  fc.integer({ min: -8.6e15, max: 8.6e15 }),
);
export const at = (text: string): bigint => BigInt(Date.parse(text));
