import type { Aggregate } from '../plan/plan.js';
import type { Window } from '../plan/window-plan.js';
import type { SessionTimes } from '../state/session-store.js';

/** Windows that each key makes for itself. */
export type KeyedWindow = Extract<Window, { kind: 'session' | 'count' }>;
export const isKeyed = (window: Window): window is KeyedWindow => window.kind === 'session' || window.kind === 'count';

export function sessionTimes({ window, accept, emit }: Aggregate): SessionTimes {
  const late = BigInt(accept);
  return {
    gap: BigInt(window.kind === 'session' ? window.gap : 0),
    longest: BigInt(window.kind === 'session' ? window.maxLength ?? 0 : 0),
    accept: late,
    delay: emit.when === 'final' ? late : 0n,
  };
}
