// What the twins of sessions, of runs and of de-duplication share.

export const I64_MIN: bigint = -(2n ** 63n);
export const I64_MAX: bigint = 2n ** 63n - 1n;

export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const greatest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
/** How far a time lies behind the multiple of `longest` before it. */
export const intoPeriod = (time: bigint, longest: bigint): bigint => ((time % longest) + longest) % longest;
export const later = (time: bigint, delay: bigint): bigint => least(time + delay, I64_MAX);
