import type { Join } from '../plan/join-plan.js';
import { matchedBy } from './log-layout.js';

/** What a join has to remember of its rows, and what it gives out when. */
export interface JoinShape {
  /** 'rows': combinations of the sides; else what the one kind of its sides is. */
  readonly kind: 'rows' | 'semi' | 'anti' | 'count';
  readonly eager: boolean;
  /** Numbers of matches are given out as what is added to them. */
  readonly changes: boolean;
  /** Whether it matters if a left row has had a match. */
  readonly marks: boolean;
  /** Bits of the optional sides. */
  readonly optional: number;
  /** By side: rows that find no match are given out. */
  readonly givesUnmatched: readonly boolean[];
  /** By side: it is known only at the end of a row's time what is given out of it. */
  readonly givesAtEnd: readonly boolean[];
}

export function joinShape({ sides, mode, asOf }: Join): JoinShape {
  const has = (match: string): boolean => sides.some(side => side.match === match);
  const kind = has('semi') ? 'semi' : has('anti') ? 'anti' : has('count') ? 'count' : 'rows';
  const optional = sides.reduce((bits, { match }, side) => (match === 'optional' ? bits | matchedBy(side) : bits), 0);
  const leftAlone = !has('inner') && !has('semi');
  const givesUnmatched = sides.map(({ keepsUnmatched }, side) => (side === 0 ? leftAlone : keepsUnmatched));
  const eager = mode !== 'final';
  // Versions are given out by nobody but left rows, which all wait.
  const givesAtEnd = sides.map(({ keepsUnmatched }, side) => !eager && (asOf !== null ? side === 0 : side === 0 ? kind === 'anti' || kind === 'count' || optional !== 0 : keepsUnmatched));
  return { kind, eager, changes: mode === 'changes', marks: kind === 'semi' || kind === 'anti' || optional !== 0, optional, givesUnmatched, givesAtEnd };
}
