/** The scaled integer of a decimal in text form, half away from zero; null if it is no number. Accepts an exponent, `_` between digits. */
export function parseDecimal(text: string, scale: number): bigint | null {
  const match = /^\s*([+-]?)(\d+(?:_\d+)*)?(?:(\.)(\d+(?:_\d+)*)?)?(?:[eE]([+-]?\d{1,9}))?\s*$/.exec(text);
  if (match === null || (match[2] === undefined && match[4] === undefined)) return null;
  const whole = (match[2] ?? '').replaceAll('_', ''), fraction = (match[4] ?? '').replaceAll('_', '');
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const shift = Number(match[5] ?? 0) - fraction.length + scale;
  let magnitude: bigint;
  if (digits === '0') magnitude = 0n;
  else if (shift >= 0) {
    if (shift > 64) return OUT_OF_RANGE;
    magnitude = BigInt(digits) * 10n ** BigInt(shift);
  } else if (-shift > digits.length) magnitude = 0n;
  else {
    const cut = digits.length + shift;
    magnitude = BigInt(digits.slice(0, cut) || '0') + (digits[cut]! >= '5' ? 1n : 0n);
  }
  return match[1] === '-' ? -magnitude : magnitude;
}
/** Too large for every type. */
const OUT_OF_RANGE = 1n << 200n;

export function formatDecimal(value: bigint, scale: number): string {
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
