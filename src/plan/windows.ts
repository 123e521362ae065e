import { MillraceError } from '../errors.js';
import { checkOptions, inUnit, parseDuration, type Duration } from './duration.js';
import type { Window } from './plan.js';

/** Made by `global()`. */
export interface GlobalWindow {
  readonly kind: 'global';
}
/** Made by `tumbling(size)`. */
export interface TumblingWindow {
  readonly kind: 'tumbling';
  readonly sizeUs: number;
  /** 0 … size - 1. */
  readonly offsetUs: number;
}

/** One window over everything: its results come when all input has ended. The default. */
export const global = (): GlobalWindow => ({ kind: 'global' });

/**
 * Windows [start, start + size) of event time, side by side from 1970-01-01T00:00Z on, moved by `offset`: `tumbling('1d', { offset: '6h' })`
 * is the day from 6 to 6. Results come as the watermark passes a window's end.
 */
export function tumbling(size: Duration, options: { readonly offset?: Duration } = {}): TumblingWindow {
  checkOptions(options, ['offset'], 'tumbling');
  const sizeUs = parseDuration(size, 'tumbling: its size');
  if (sizeUs <= 0) throw new MillraceError('BAD_OPTION', `tumbling: its size is ${String(size)}; it must be more than 0.`);
  const offsetUs = parseDuration(options.offset ?? 0, 'tumbling: its offset');
  return { kind: 'tumbling', sizeUs, offsetUs: ((offsetUs % sizeUs) + sizeUs) % sizeUs };
}

/** In the unit of event time. */
export function planWindow(window: GlobalWindow | TumblingWindow, unit: 'ms' | 'us'): Window {
  if (window.kind === 'global') return { kind: 'global' };
  return { kind: 'tumbling', size: inUnit(window.sizeUs, unit, 'tumbling: its size'), offset: inUnit(window.offsetUs, unit, 'tumbling: its offset'), unit };
}
