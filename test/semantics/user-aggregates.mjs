// Aggregates of a user. Plain JavaScript: workers load this file as it is.
export const spread = {
  init: () => ({ low: null, high: null, rows: 0 }),
  accumulate: ({ low, high, rows }, x) => ({ low: low === null || x < low ? x : low, high: high === null || x > high ? x : high, rows: rows + 1 }),
  merge: (a, b) => ({ low: a.low < b.low ? a.low : b.low, high: a.high > b.high ? a.high : b.high, rows: a.rows + b.rows }),
  finish: ({ low, high, rows }) => `${low}..${high} of ${rows}`,
};
/** A bag of words, of two columns, of which one may be null. */
export const words = {
  init: () => ({}),
  accumulate: (bag, key, weight) => ({ ...bag, [key]: (bag[key] ?? 0) + (weight ?? 1) }),
  merge: (a, b) => Object.entries(b).reduce((bag, [key, count]) => ({ ...bag, [key]: (bag[key] ?? 0) + count }), a),
  finish: bag => BigInt(Object.values(bag).reduce((sum, count) => sum + count, 0)) * 100n + BigInt(Object.keys(bag).length),
};
export const refuses = { ...spread, accumulate: (state, x) => { if (x % 7 === 0) throw new Error(`${x} is a seventh`); return spread.accumulate(state, x); } };
export const bigints = { ...spread, accumulate: () => 5n };
export const failsToMerge = { ...spread, merge: () => { throw new Error('no merging'); } };
export const failsToFinish = { ...spread, finish: () => 42 };
export const growing = { init: () => '', accumulate: (state, x) => state + String(x).repeat(50_000), merge: (a, b) => a + b, finish: state => `${state.length}` };
export const nothing = { ...spread, finish: () => null };
export const halfMade = { init: () => 0 };
export const longest = (a, b) => (a.length > b.length || (a.length === b.length && a < b) ? a : b);
export const gcd = (a, b) => { while (b !== 0) [a, b] = [b, a % b]; return a; };
export const throws = () => { throw new Error('never two'); };
export const wrong = () => 'text';
