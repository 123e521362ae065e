/** Strings as sequences of Unicode code points; positions start at 1. */

export const codePoints = (text: string): string[] => Array.from(text);

/** One code point to one code point: mappings that change the length (ß to SS) are left alone. */
const caseMapped = (text: string, map: (c: string) => string): string =>
  codePoints(text).map(c => (codePoints(map(c)).length === 1 ? map(c) : c)).join('');
export const lowerText = (text: string): string => caseMapped(text, c => c.toLowerCase());
export const upperText = (text: string): string => caseMapped(text, c => c.toUpperCase());

/** Takes off spaces (category Zs, so no tabs or line ends), as DuckDB. */
export const trimText = (text: string): string => text.replace(/^\p{Zs}+/u, '').replace(/\p{Zs}+$/u, '');

/**
 * The characters at positions start … start + length - 1 that exist; without `length` all from `start`. A start below 0 counts from
 * the end. REQUIRES: length >= 0 (DuckDB reads a negative one backwards).
 */
export function substringText(text: string, start: bigint, length: bigint | null): string {
  const chars = codePoints(text);
  const first = start < 0n ? BigInt(chars.length) + start + 1n : start;
  return chars.filter((_, i) => {
    const position = BigInt(i) + 1n;
    return position >= first && (length === null || position < first + length);
  }).join('');
}

/** `%`: any run, `_`: any one code point; there is no escape character. */
export function likeText(text: string, pattern: string): boolean {
  const chars = codePoints(text);
  // reached[i]: the pattern so far can match exactly the first i characters.
  let reached = chars.map(() => false);
  reached = [true, ...reached];
  for (const p of codePoints(pattern)) {
    const next = reached.map(() => false);
    if (p === '%') {
      const from = reached.indexOf(true);
      for (let i = from; from >= 0 && i < next.length; i++) next[i] = true;
    } else {
      for (let i = 0; i < chars.length; i++) if (reached[i] === true && (p === '_' || p === chars[i])) next[i + 1] = true;
    }
    reached = next;
  }
  return reached[chars.length] === true;
}

export const replaceText = (text: string, from: string, to: string): string => (from === '' ? text : text.split(from).join(to));

/** The shortest digits that read back as the same number, as DuckDB writes them: `1.0`, `1e-05`, `nan`. */
export function floatText(value: number, single: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (value === 0) return `${sign}0.0`;
  const [mantissa = '', exponentText = ''] = shortest(Math.abs(value), single).split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace('.', '');
  if (exponent < -4 || exponent >= 16) {
    const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
    return `${sign}${mantissa}e${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
function shortest(value: number, single: boolean): string {
  if (!single) return value.toExponential();
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text.replace(/\.?0*e/, 'e');
  }
  return value.toExponential();
}
