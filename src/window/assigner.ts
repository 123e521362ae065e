import type { Window } from '../plan/window-plan.js';
import { CumulatingSlices, GlobalSlices, SlidingSlices } from './aligned.js';
import { CalendarSlices, CalendarSlicing } from './calendar.js';
import type { SliceAssigner, Slicing } from './slice.js';
import { requireZone } from './zone.js';

export type CalendarWindow = Extract<Window, { kind: 'calendar' }>;
/** Windows made of slices. Sessions and counts of rows depend on the rows and have ways of their own. */
export type SlicedWindow = Exclude<Window, { kind: 'session' | 'count' }>;
/** Whether a window is made of several slices, and so has to be assembled of them when it fires. */
export const isAssembled = (window: Window): boolean => window.kind === 'sliding' || window.kind === 'cumulating';

/** How a window is made of slices; all that firing needs to know, also where each row has its own zone. Throws BAD_OPTION for an unknown zone. */
export const slicingOf = (window: SlicedWindow): Slicing => sliceAssigner(window) ?? new CalendarSlicing();

/** The slices of a window, or null where each row has its own zone: then `ZoneColumn` has them. Throws BAD_OPTION for an unknown zone. */
export function sliceAssigner(window: SlicedWindow): SliceAssigner | null {
  switch (window.kind) {
    case 'global': return new GlobalSlices();
    case 'tumbling': return new SlidingSlices(BigInt(window.size), BigInt(window.size), BigInt(window.offset));
    case 'sliding': return new SlidingSlices(BigInt(window.size), BigInt(window.slide), BigInt(window.offset));
    case 'cumulating': return new CumulatingSlices(BigInt(window.size), BigInt(window.step), BigInt(window.offset));
    case 'calendar':
      if (window.zoneColumn !== null) return null;
      return new CalendarSlices(requireZone(window.zone ?? 'UTC', 'calendar: its zone'), window.every, window.unit);
  }
}
