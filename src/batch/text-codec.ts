const encoder = new TextEncoder();
// A decoder that keeps a leading U+FEFF: it is part of the value.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Writes `text` as UTF-8 at `at` and returns the end. REQUIRES: room for 3 bytes per UTF-16 unit. Lone surrogates become U+FFFD. */
export function encodeText(text: string, to: Uint8Array, at: number): number {
  const length = text.length;
  if (length <= 64) {
    let unit = 0;
    for (; unit < length; unit++) {
      const code = text.charCodeAt(unit);
      if (code > 127) break;
      to[at + unit] = code;
    }
    if (unit === length) return at + length;
  }
  return at + encoder.encodeInto(text, to.subarray(at, at + length * 3)).written;
}

/** The UTF-8 text at an address. Bytes that are no UTF-8 read as U+FFFD. */
export const decodeText = (bytes: Uint8Array, at: number, length: number): string => decoder.decode(bytes.subarray(at, at + length));

/** The bytes of a text. Short ASCII, which most texts are, is faster without the encoder's fixed cost. */
export function encode(text: string): Uint8Array {
  if (text.length > 64) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let unit = 0; unit < text.length; unit++) {
    const code = text.charCodeAt(unit);
    if (code > 127) return encoder.encode(text);
    bytes[unit] = code;
  }
  return bytes;
}
