import type { HeapViews } from './heap-views.js';

/** Numbers ↔ text in its plain forms. A text that is not in one gets a 1 in `other`, for the caller to read; these are counted. */
export interface NumberTextKernels {
  /** int64 (`isUnsigned`: uint64), with `scale` digits behind a point. REQUIRES: `buffer` has 24 bytes a row. */
  printI64(isUnsigned: number, scale: number, rows: number, a: number, buffer: number, out: number): void;
  /** Text of a sign, at most 18 digits and a point → integer × 10^scale, where no digit is lost. */
  readI64(scale: number, rows: number, a: number, other: number, out: number): number;
  /** Text of a sign, digits and a point, at most 15 bytes → float. */
  readF64(rows: number, a: number, other: number, out: number): number;
}

export const numberTextTwins = (heap: HeapViews): NumberTextKernels => {
  const bytes = Buffer.from(heap.memory.buffer);
  const read = (a: number, row: number): string => {
    const from = heap.u32[(a >>> 2) + row * 2]!;
    return bytes.toString('latin1', from, from + heap.u32[(a >>> 2) + row * 2 + 1]!);
  };
  const plain = (text: string): RegExpExecArray | null => {
    const match = /^[+-]?(\d*)(?:\.(\d*))?$/.exec(text);
    const digits = match === null ? 0 : match[1]!.length + (match[2] ?? '').length;
    return digits === 0 || digits > 18 ? null : match;
  };
  return {
    printI64(isUnsigned, scale, rows, a, buffer, out) {
      for (let row = 0; row < rows; row++) {
        const value = (isUnsigned ? heap.u64 : heap.i64)[(a >>> 3) + row]!;
        const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
        const whole = digits.slice(0, digits.length - scale), fraction = digits.slice(digits.length - scale);
        const length = bytes.write(`${value < 0n ? '-' : ''}${whole}${scale > 0 ? '.' : ''}${fraction}`, buffer, 'latin1');
        heap.u32[(out >>> 2) + row * 2] = buffer;
        heap.u32[(out >>> 2) + row * 2 + 1] = length;
        buffer += length;
      }
    },
    readI64(scale, rows, a, other, out) {
      let others = 0;
      for (let row = 0; row < rows; row++) {
        const text = read(a, row), match = plain(text);
        const behind = match?.[2]?.length ?? 0;
        const fits = match !== null && behind <= scale && text.length + scale - behind <= 18;
        const size = fits ? BigInt(match[1]! + (match[2] ?? '')) * 10n ** BigInt(scale - behind) : 0n;
        heap.i64[(out >>> 3) + row] = text[0] === '-' ? -size : size;
        heap.u8[other + row] = fits ? 0 : 1;
        if (!fits) others++;
      }
      return others;
    },
    readF64(rows, a, other, out) {
      let others = 0;
      for (let row = 0; row < rows; row++) {
        const text = read(a, row);
        const fits = plain(text) !== null && text.length <= 15;
        heap.f64[(out >>> 3) + row] = fits ? Number(text) : 0;
        heap.u8[other + row] = fits ? 0 : 1;
        if (!fits) others++;
      }
      return others;
    },
  };
};
