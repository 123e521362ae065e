import { readsSource, type Aggregate, type Stage } from '../plan/plan.js';
import type { Window } from '../plan/window-plan.js';
import type { SessionTimes } from '../state/session-store.js';

/** Windows that each key makes for itself. */
export type KeyedWindow = Extract<Window, { kind: 'session' | 'count' }>;
export const isKeyed = (window: Window): window is KeyedWindow => window.kind === 'session' || window.kind === 'count';

/**
 * How sessions of a stage come and go. Results of windows come in an order that is up to the job, and one whose time is the watermark may
 * still come: behind a window a session stays open a moment longer, so that none is closed that such a result belongs to.
 */
export function sessionTimes({ window, accept, emit }: Aggregate, branches: Stage['branches']): SessionTimes {
  const late = BigInt(accept) + lingering(window, branches);
  return {
    gap: BigInt(window.kind === 'session' ? window.gap : 0),
    longest: BigInt(window.kind === 'session' ? window.maxLength ?? 0 : 0),
    accept: late,
    delay: emit.when === 'final' ? late : lingering(window, branches),
  };
}
/** How long after the watermark has reached its end the result of a window comes, as far as that depends on the stage alone. */
export const lingering = (window: Window, branches: Stage['branches']): bigint => (window.kind === 'session' && branches.some(({ from }) => !readsSource(from)) ? 1n : 0n);

/** What the event time of a row decides where rows come in order. */
export interface InOrderTimes {
  readonly byTime: boolean;
  /** Whether it is by the windows that rows are late. */
  readonly isWindow: boolean;
  /** How far behind the watermark a row may be, besides its own reach. */
  readonly accept: bigint;
  /** How far from a row what it goes with may be. */
  readonly reach: bigint;
}
export function inOrderTimes({ branches, aggregate, deduplicate }: Stage): InOrderTimes {
  if (deduplicate !== null) return { byTime: true, isWindow: false, accept: BigInt(deduplicate.within), reach: BigInt(deduplicate.within) };
  const isSession = aggregate?.window.kind === 'session';
  return isSession ? { byTime: true, isWindow: true, accept: sessionTimes(aggregate, branches).accept, reach: BigInt(aggregate.window.gap) } : { byTime: false, isWindow: true, accept: 0n, reach: 0n };
}
