/** Decimals as text and as the integer value × 10^scale. */
export const POWERS_OF_TEN: readonly bigint[] = Array.from({ length: 39 }, (_, exponent) => 10n ** BigInt(exponent));

/** `-12.30` for -1230n at scale 2: always exactly `scale` digits. */
export function decimalText(value: bigint, scale: number): string {
  // A number becomes text several times faster than a bigint.
  const number = Number(value);
  const text = Number.isSafeInteger(number) ? String(number) : String(value);
  if (scale === 0) return text;
  const negative = text.charCodeAt(0) === 45;
  const digits = (negative ? text.slice(1) : text).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** The value of a decimal text × 10^scale; null if it is no decimal, has more than `precision` digits, or digits other than 0 beyond `scale`. */
export function parseDecimal(text: string, precision: number, scale: number): bigint | null {
  const parts = DECIMAL.exec(text);
  if (parts === null) return null;
  const whole = parts[2]!;
  const fraction = parts[3] ?? '';
  if (whole.length + fraction.length === 0) return null;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits.length > 1000) return null;
  const shift = scale - fraction.length + Number(parts[4] ?? 0);
  const scaled = rescale(BigInt(digits || '0'), shift);
  if (scaled === null || scaled >= POWERS_OF_TEN[precision]!) return null;
  return parts[1] === '-' ? -scaled : scaled;
}

/** value × 10^shift, exactly; null if that is no integer or beyond any decimal. */
export function rescale(value: bigint, shift: number): bigint | null {
  if (shift === 0 || value === 0n) return value;
  if (shift > 0) return shift < POWERS_OF_TEN.length ? value * POWERS_OF_TEN[shift]! : null;
  const divisor = -shift < POWERS_OF_TEN.length ? POWERS_OF_TEN[-shift]! : 10n ** BigInt(-shift);
  return value % divisor === 0n ? value / divisor : null;
}

/** The decimal that a number's shortest text denotes (12.3 is 12.3, not the binary fraction next to it), × 10^scale; null as above. */
export function decimalOfNumber(value: number, precision: number, scale: number): bigint | null {
  return Number.isFinite(value) ? parseDecimal(String(value), precision, scale) : null;
}
