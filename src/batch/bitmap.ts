/** Bitmaps as Arrow has them: least significant bit first, 1 = valid. Spare bits of the last byte are written as 0. */

/** Packs bytes that are 0 or not into bits. Returns how many are set. */
export function packBytes(from: Uint8Array, rows: number, to: Uint8Array, at: number): number {
  let ones = 0;
  for (let row = 0; row < rows; row += 8) {
    let bits = 0;
    const end = Math.min(8, rows - row);
    for (let bit = 0; bit < end; bit++) {
      if (from[row + bit] !== 0) {
        bits |= 1 << bit;
        ones++;
      }
    }
    to[at + (row >>> 3)] = bits;
  }
  return ones;
}

/** Copies `rows` bits that start at bit `first` of `from`, so that they start at bit 0 of byte `at` of `to`. Bits past the end of `from` count as 0. */
export function copyBits(from: Uint8Array, first: number, rows: number, to: Uint8Array, at: number): void {
  const shift = first & 7;
  const start = first >>> 3;
  const bytes = (rows + 7) >>> 3;
  if (shift === 0) {
    const whole = from.subarray(start, start + bytes);
    to.set(whole, at);
    if (whole.length < bytes) to.fill(0, at + whole.length, at + bytes);
  } else {
    for (let byte = 0; byte < bytes; byte++) {
      const low = from[start + byte] ?? 0;
      const high = from[start + byte + 1] ?? 0;
      to[at + byte] = (low >>> shift) | (high << (8 - shift));
    }
  }
  if (rows & 7) to[at + bytes - 1]! &= (1 << (rows & 7)) - 1;
}

/** How many of the first `rows` bits from byte `at` are set. REQUIRES: spare bits of the last byte are 0. */
export function countBits(bits: Uint8Array, at: number, rows: number): number {
  const end = at + ((rows + 7) >>> 3);
  let ones = 0;
  for (let byte = at; byte < end; byte++) {
    let v = bits[byte]!;
    v -= (v >>> 1) & 0x55;
    v = (v & 0x33) + ((v >>> 2) & 0x33);
    ones += (v + (v >>> 4)) & 0x0f;
  }
  return ones;
}

export const bitAt = (bits: Uint8Array, address: number, row: number): number => (bits[address + (row >>> 3)]! >>> (row & 7)) & 1;
