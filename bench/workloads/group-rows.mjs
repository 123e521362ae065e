import { below, gather, scatter, xorshift } from '../random.mjs';

/**
 * Rows for `groups` and `text`: which of `groups` keys each row has, in random order, every key at least once, and what is to come
 * out, known from the making: an array indexed by the key's number needs no hash table, so it shares no code with what it checks.
 */
export function groupRows(rows, groups, seed = 11) {
  const random = xorshift(seed);
  const index = new Uint32Array(rows), value = new BigInt64Array(rows);
  for (let row = 0; row < rows; row++) index[row] = row < groups ? row : below(groups, random);
  for (let row = rows - 1; row > 0; row--) {
    const other = below(row + 1, random);
    const moved = index[row];
    index[row] = index[other];
    index[other] = moved;
  }
  const counts = new Uint32Array(groups), sums = new Float64Array(groups);
  // A bigint per row would take longer than all the rest: values are written as two words. Sums stay far below 2^53.
  const words = new Int32Array(value.buffer);
  for (let row = 0; row < rows; row++) {
    const amount = below(2_000_000, random) - 1_000_000;
    words[row * 2] = amount;
    words[row * 2 + 1] = amount >> 31;
    counts[index[row]]++;
    sums[index[row]] += amount;
  }
  return { index, value, expected: { counts, sums } };
}

/** The numbers of the keys as int64: scattered over all 64 bits, or 0 … groups - 1 as they are. */
export function int64Keys(index, dense) {
  const keys = new BigInt64Array(index.length);
  const words = new Int32Array(keys.buffer);
  for (let row = 0; row < index.length; row++) {
    if (dense) words[row * 2] = index[row];
    else scatter(index[row], words, row * 2);
  }
  return keys;
}
/** The number of the key with these halves; -1 for one that was never made. */
export const keyNumber = (low, high, dense) => (dense ? (high === 0 ? low >>> 0 : -1) : gather(low, high));

/** Compares result rows with what was expected, in whatever order they come: every group exactly once, with its count and its sum. */
export class GroupCheck {
  constructor({ counts, sums }) {
    this.counts = counts;
    this.sums = sums;
    this.seen = new Uint8Array(counts.length);
    this.groups = 0;
    this.wrong = 0;
  }
  add(number, count, sum) {
    if (number >= 0 && number < this.seen.length && this.seen[number] === 0 && this.counts[number] === count && this.sums[number] === sum) this.seen[number] = 1;
    else this.wrong++;
    this.groups++;
  }
  get equal() {
    return this.wrong === 0 && this.groups === this.seen.length;
  }
}
