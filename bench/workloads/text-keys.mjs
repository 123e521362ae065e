import { gather, scatter } from '../random.mjs';

/**
 * Keys of 20 bytes: the 16 hexadecimal digits of a scattered key, least significant first, and a constant end. They differ within
 * their first four bytes, which DuckDB keeps beside its pointers and compares first.
 */
export const TEXT_BYTES = 20;
const END = '@key';
const hex = word => (word >>> 0).toString(16).padStart(8, '0');

export function textKeys(count) {
  const words = new Int32Array(2);
  return Array.from({ length: count }, (_, number) => {
    scatter(number, words, 0);
    return hex(words[0]) + hex(words[1]) + END;
  });
}
/** The number of the key that reads so; -1 for one that was never made. */
export const textNumber = text =>
  text.length === TEXT_BYTES && text.endsWith(END) ? gather(parseInt(text.slice(0, 8), 16) | 0, parseInt(text.slice(8, 16), 16) | 0) : -1;
