/** Rational numbers as pairs of bigints, and the one rounding that turns them into a double. */

const bits = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

/**
 * numerator / denominator to the nearest number of `precision` bits, ties to even. REQUIRES: denominator > 0. Shares the range of
 * doubles for 53 bits and of floats for 24.
 */
export function ratioToNumber(numerator: bigint, denominator: bigint, precision = 53): number {
  if (numerator === 0n) return 0;
  const top = numerator < 0n ? -numerator : numerator;
  // 2^exponent <= top / denominator < 2^(exponent + 1)
  let exponent = bits(top) - bits(denominator);
  const below = exponent >= 0 ? top < denominator << BigInt(exponent) : top << BigInt(-exponent) < denominator;
  if (below) exponent--;
  const smallest = precision === 24 ? -149 : -1074;
  const ulp = Math.max(exponent - precision + 1, smallest);
  const [n, d] = ulp >= 0 ? [top, denominator << BigInt(ulp)] : [top << BigInt(-ulp), denominator];
  let quotient = n / d;
  const twiceRest = (n - quotient * d) * 2n;
  if (twiceRest > d || (twiceRest === d && (quotient & 1n) === 1n)) quotient++;
  // Exact: the quotient has at most `precision` bits; in two steps, since 2^ulp alone may leave the range.
  const half = Math.trunc(ulp / 2);
  const value = Number(quotient) * 2 ** half * 2 ** (ulp - half);
  const limited = precision === 24 ? Math.fround(value) : value;
  return numerator < 0n ? -limited : limited;
}

/** 2^-1074, the unit in which every finite double is an integer. */
export const DOUBLE_UNIT_BITS = 1074;
const view = new DataView(new ArrayBuffer(8));
/** A finite double times 2^1074. */
export function scaledDouble(value: number): bigint {
  view.setFloat64(0, value);
  const raw = view.getBigUint64(0);
  const exponent = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xf_ffff_ffff_ffffn;
  const size = exponent === 0 ? fraction : (fraction | 0x10_0000_0000_0000n) << BigInt(exponent - 1);
  return raw >> 63n === 0n ? size : -size;
}

export interface Rational { readonly numerator: bigint; readonly denominator: bigint }
/** A decimal number with an optional fraction and exponent. REQUIRES: the text is one. */
export function rationalOf(text: string): Rational {
  const [mantissa = '', exponentText = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace(/^[+-]/, '').split('.');
  const exponent = BigInt(exponentText) - BigInt(fraction.length);
  const size = BigInt(whole + fraction || '0');
  const signed = mantissa.startsWith('-') ? -size : size;
  return exponent >= 0n ? { numerator: signed * 10n ** exponent, denominator: 1n } : { numerator: signed, denominator: 10n ** -exponent };
}
