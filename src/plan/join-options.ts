import { MillraceError } from '../errors.js';
import { checkOptions, inUnit, parseDuration, type Duration } from './duration.js';
import type { JoinSide, JoinWindow } from './join-plan.js';
import { describeValue } from './type-builders.js';
import type { TimeUnitName } from './window-plan.js';
import type { AnyWindow, SlidingWindow, TumblingWindow } from './windows.js';

/** How near each other rows must be in event time, as users say it. */
export interface JoinBounds {
  /**
   * How far a row may be from the left row: `'10m'` either way, or `{ before: '1m', after: '12h' }`: so long before it and after it, 0 where
   * it is not said. Both ends count.
   */
  readonly within?: Duration | { readonly before?: Duration; readonly after?: Duration };
}
/** What joins have in common. */
export interface JoinTiming<M extends JoinMode = JoinMode, W extends JoinWindows = JoinWindows> {
  /** Instead of `within`: both rows lie in the same window, `tumbling(…)` or `sliding(…)`; results have `windowStart` and `windowEnd`. */
  readonly window?: W;
  /**
   * 'eager' (default): a row without a match is given out at once, and taken back when one comes. 'final': it waits until none can come, and
   * nothing is ever taken back.
   */
  readonly mode?: M;
}
export type JoinMode = 'eager' | 'final';
export type JoinWindows = TumblingWindow | SlidingWindow;

const JOIN_KINDS = ['inner', 'left', 'right', 'full'] as const;
/** Which rows without a match are kept: none, those of the left side, of the right, of both. */
export type JoinKind = (typeof JOIN_KINDS)[number];

export function joinKind(kind: unknown, known: readonly JoinKind[], where: string): JoinKind {
  if (kind === undefined) return 'inner';
  if (known.includes(kind as JoinKind)) return kind as JoinKind;
  throw new MillraceError('BAD_OPTION', `${where}: kind is ${known.map(name => `'${name}'`).join(', ')}, got ${describeValue(kind)}.`);
}
export const ALL_KINDS: readonly JoinKind[] = JOIN_KINDS;

export function joinMode(mode: unknown, where: string): JoinMode {
  if (mode === undefined || mode === 'eager' || mode === 'final') return mode ?? 'eager';
  throw new MillraceError('BAD_OPTION', `${where}: mode is 'eager' (the default) or 'final', got ${describeValue(mode)}.`);
}

/** Bounds in the unit of event time; zero where a window decides. A join without any is refused. */
export function joinBounds(within: unknown, window: JoinWindow | null, unit: TimeUnitName, where: string): Pick<JoinSide, 'before' | 'after'> {
  if (window !== null) {
    if (within !== undefined) throw new MillraceError('BAD_OPTION', `${where} takes within or a window; not both.`);
    return { before: 0, after: 0 };
  }
  if (within === undefined) throw new MillraceError('PLAN_INVALID', `${where} has no bound on time, so every row would have to be kept for ever, for the match that may still come: say within: '12h', or { before, after }, or window: tumbling('1m'). Where there is no natural bound, within is for how long rows are kept. Where the other rows are versions of a table, asOfJoin needs none.`);
  const length = (value: unknown, name: string): number => boundLength(value, name, unit, where);
  if (typeof within !== 'object' || within === null) return { before: length(within, 'within'), after: length(within, 'within') };
  checkOptions(within, ['before', 'after'], `${where}: within`);
  const { before = 0, after = 0 } = within as { readonly before?: unknown; readonly after?: unknown };
  return { before: length(before, 'within: before'), after: length(after, 'within: after') };
}

/** A length in the unit of event time. */
export function boundLength(value: unknown, name: string, unit: TimeUnitName, where: string): number {
  const us = parseDuration(value, `${where}: ${name}`);
  if (us < 0) throw new MillraceError('BAD_OPTION', `${where}: ${name} is ${String(value)}; it must not be negative.`);
  return inUnit(us, unit, `${where}: ${name}`);
}

export function joinWindow(window: unknown, unit: TimeUnitName, where: string): JoinWindow | null {
  if (window === undefined) return null;
  const { kind } = (window ?? {}) as { readonly kind?: unknown };
  if (kind !== 'tumbling' && kind !== 'sliding') throw new MillraceError('BAD_OPTION', `${where}: window is tumbling(size) or sliding(size, slide), got ${typeof kind === 'string' ? `a ${kind} window` : describeValue(window)}.`);
  const { sizeUs, offsetUs, ...rest } = window as Extract<AnyWindow, { kind: 'tumbling' | 'sliding' }>;
  const length = (us: number, name: string): number => inUnit(us, unit, `${where}: its window's ${name}`);
  return { size: length(sizeUs, 'size'), slide: length('slideUs' in rest ? rest.slideUs : sizeUs, 'slide'), offset: length(offsetUs, 'offset') };
}
