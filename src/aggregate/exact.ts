import type { Heap } from '../heap/heap.js';

/** The integer of `words` 64-bit words at `address`, low word first. */
export function wideInteger(heap: Heap, address: number, words: number, signed: boolean): bigint {
  let value = 0n;
  for (let word = words - 1; word >= 0; word--) value = (value << 64n) | heap.u64[(address >>> 3) + word]!;
  return signed ? BigInt.asIntN(words * 64, value) : value;
}

const bitLength = (x: bigint): number => x.toString(2).length;

/** numerator / denominator, rounded once to the nearest double (ties to even). REQUIRES: denominator > 0. */
export function meanOf(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -meanOf(-numerator, denominator);
  if (numerator === 0n) return 0;
  // A quotient of at least 55 bits, with a sticky last bit for what is cut off, rounds as the exact value does.
  const shift = BigInt(Math.max(0, 56 - (bitLength(numerator) - bitLength(denominator))));
  const scaled = numerator << shift;
  const quotient = scaled / denominator;
  const sticky = quotient * denominator === scaled ? 0n : 1n;
  return Number((quotient << 1n) | sticky) / 2 ** (Number(shift) + 1);
}

/** Variance of integers (times 10^scale) from their exact sums: (Σx² − (Σx)²/n) / (n − 1), or / n for the population's. */
export function varianceOf(count: bigint, sum: bigint, squares: bigint, scale: number, population: boolean): number {
  const divisor = population ? count : count - 1n;
  return meanOf(count * squares - sum * sum, count * divisor * 10n ** BigInt(2 * scale));
}
