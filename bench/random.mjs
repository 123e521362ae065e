/** Seeded random numbers for the generators: every run of a benchmark, on every machine, sees the same rows. */

/** Marsaglia's xorshift128: a function that returns a uniform uint32. */
export function xorshift(seed) {
  let x = seed >>> 0 || 1, y = 362436069, z = 521288629, w = 88675123;
  return () => {
    const t = x ^ (x << 11);
    x = y; y = z; z = w;
    w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return w;
  };
}

/** 0 … n-1 in a random order. */
export function shuffled(n, random) {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = below(i + 1, random);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Uniform in 0 … n-1, n up to 2^32, without a division. */
export const below = (n, random) => Math.floor(random() * n / 4294967296);

const round = half => {
  let h = Math.imul(half ^ (half >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
};

/**
 * A bijection between 0 … 2^32-1 and as many 64-bit keys that look random, as int32 halves: a Feistel network, so it can be run
 * backwards. Sparse keys deny both sides the shortcut of indexing an array by the key; the way back lets a check find the group that
 * a result row speaks of without a hash table of its own.
 */
export function scatter(index, halves, at) {
  let low = index | 0, high = 0;
  high ^= round(low + 1);
  low ^= round(high);
  high ^= round(low);
  low ^= round(high);
  halves[at] = low;
  halves[at + 1] = high;
}
/** The index that `scatter` made these halves of, or -1 if it made none of them so. */
export function gather(low, high) {
  low ^= round(high);
  high ^= round(low);
  low ^= round(high);
  high ^= round(low + 1);
  return high === 0 ? low >>> 0 : -1;
}
