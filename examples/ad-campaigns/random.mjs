/** Seeded random numbers: the same seed, the same logs, on every machine. Marsaglia's xorshift128; a function that returns a uniform uint32. */
export function xorshift(seed) {
  let x = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1, y = 362436069, z = 521288629, w = 88675123;
  const next = () => {
    const t = x ^ (x << 11);
    x = y; y = z; z = w;
    w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return w;
  };
  // Neighbouring seeds begin alike.
  for (let i = 0; i < 16; i++) next();
  return next;
}

/** What the generator asks of random numbers. */
export function dice(seed) {
  const next = xorshift(seed);
  return {
    /** 0 ≤ number < 1 */
    unit: () => next() / 4294967296,
    /** Whole, 0 … n - 1. */
    below: n => Math.floor(next() / 4294967296 * n),
    chance: probability => next() < probability * 4294967296,
    /** Whole, from `least` to below `most`, small ones more often. */
    skewed: (least, most) => Math.floor(least * (most / least) ** (next() / 4294967296)),
  };
}

/**
 * Numbers 0 … weights.length - 1, each as often as its weight says: a table of 65,536 places that a random number picks from.
 */
export function weighted(weights) {
  const places = new Uint16Array(65_536);
  const total = weights.reduce((sum, weight) => sum + weight);
  let sum = 0, place = 0;
  weights.forEach((weight, item) => {
    sum += weight;
    for (; place < Math.round(sum / total * places.length); place++) places[place] = item;
  });
  return random => places[random.below(places.length)];
}

/** The order that sorts `keys` (not negative, whole, below 2^31), equal ones as they stand: two passes of a radix sort. */
export function sortedOrder(keys) {
  const BITS = 16, BUCKETS = 1 << BITS;
  let order = Uint32Array.from({ length: keys.length }, (_, i) => i), other = new Uint32Array(keys.length);
  for (const shift of [0, BITS]) {
    const starts = new Uint32Array(BUCKETS + 1);
    for (let i = 0; i < keys.length; i++) starts[((keys[i] >>> shift) & (BUCKETS - 1)) + 1]++;
    for (let bucket = 0; bucket < BUCKETS; bucket++) starts[bucket + 1] += starts[bucket];
    for (let i = 0; i < order.length; i++) other[starts[(keys[order[i]] >>> shift) & (BUCKETS - 1)]++] = order[i];
    [order, other] = [other, order];
  }
  return order;
}
