/** A decimal number as an integer and the count of its digits behind the point. */
export interface ExactDecimal {
  readonly unscaled: bigint;
  readonly scale: number;
}
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i;

/** Exact value of `12`, `12n`, `'12.50'` or `1e-7`, without trailing zeros; null for anything else. */
export function parseDecimal(value: unknown): ExactDecimal | null {
  if (typeof value === 'bigint') return { unscaled: value, scale: 0 };
  if (typeof value !== 'string' && (typeof value !== 'number' || !Number.isFinite(value))) return null;
  const match = DECIMAL.exec(String(value));
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  let unscaled = BigInt(sign === '-' ? `-${digits}` : digits);
  let scale = fraction.length - Number(exponent);
  if (scale < 0) [unscaled, scale] = [unscaled * 10n ** BigInt(-scale), 0];
  while (scale > 0 && unscaled % 10n === 0n) [unscaled, scale] = [unscaled / 10n, scale - 1];
  return { unscaled, scale };
}

/** Digits of the smallest decimal type that holds the value. */
export function precisionOf(value: ExactDecimal): number {
  const digits = String(value.unscaled < 0n ? -value.unscaled : value.unscaled).length;
  return Math.max(digits, value.scale, 1);
}
