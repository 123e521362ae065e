import { reachOf, type Join } from '../plan/join-plan.js';
import { FIRST_TIME, NO_DUE } from './log-layout.js';

/** How near rows of a side must be to the left row's time T: from T - before to T + after. With windows times are their starts, and equal. */
export interface Nearness {
  readonly before: bigint;
  readonly after: bigint;
}
export interface JoinTimes {
  /** By side; of the left one nothing. */
  readonly near: readonly Nearness[];
  /** By log: for so long after its time a row may be part of a match to come, the time for late rows included. null: for ever. */
  readonly keep: readonly (bigint | null)[];
  /** For so long after its time a row may find its first match. */
  readonly open: readonly bigint[];
  /** What is given out of a left row once it is complete has matches in it, which must be there still. */
  readonly matchesAtEnd: boolean;
}

export function joinTimes(join: Join): JoinTimes {
  const { sides, window, accept, mode, asOf } = join;
  if (asOf !== null) {
    const late = BigInt(accept);
    // Left rows and versions wait for their time to be past, versions that are in force for another.
    return { near: sides.map(() => ({ before: 0n, after: 0n })), keep: [late, late, asOf.within === null ? null : BigInt(asOf.within) + late], open: [late, late], matchesAtEnd: true };
  }
  const last = Math.max(0, ...sides.map(side => side.after));
  // A row that lacks a match of one side is given out with those of the others once it is complete.
  const matchesAtEnd = mode === 'final' && sides.length > 2 && sides.some(({ match }) => match === 'optional');
  const later = (length: number): bigint => BigInt(length) + BigInt(accept);
  const whole = window === null ? null : later(window.size - 1);
  return {
    near: sides.map(({ before, after }) => (window === null ? { before: BigInt(before), after: BigInt(after) } : { before: 0n, after: 0n })),
    keep: sides.map(({ before }, side) => whole ?? later(matchesAtEnd && side > 0 ? before + last : reachOf(join, side))),
    open: sides.map(({ before }, side) => whole ?? later(side === 0 ? last : before)),
    matchesAtEnd,
  };
}

/** Times before it are past, where so much after them must be: with the watermark at `watermark`. */
export const pastBefore = (watermark: bigint, length: bigint): bigint =>
  (watermark === NO_DUE ? NO_DUE : watermark < FIRST_TIME + length ? FIRST_TIME : watermark - length);
export const forgottenBefore = (watermark: bigint, length: bigint | null): bigint => (length === null ? FIRST_TIME : pastBefore(watermark, length));
/** The first watermark at which a time is past. */
export const dueAfter = (time: bigint, length: bigint): bigint => (time >= NO_DUE - length ? NO_DUE : time + length + 1n);
