/** How far a time lies behind the multiple of `longest` before it. */
// @ts-ignore: decorator
@inline
export function intoPeriod(time: i64, longest: i64): i64 {
  const rest = time % longest;
  return rest < 0 ? rest + longest : rest;
}
/** REQUIRES: delay >= 0. */
// @ts-ignore: decorator
@inline
export function later(time: i64, delay: i64): i64 {
  return time > i64.MAX_VALUE - delay ? i64.MAX_VALUE : time + delay;
}
