import type { Heap } from '../heap/heap.js';
import type { DataType } from '../plan/types.js';
import { isFloatType } from './words.js';

const SIGN = 0x8000_0000;
const NAN_HIGH = 0x7ff8_0000;

/**
 * An 8-byte word in a form whose two halves, read as unsigned, are in the order of the values: NaN (any) is the greatest float. Holds
 * one word at a time, so that none is ever a BigInt. `zeros`: whether -0 and 0 are one value, or -0 is less.
 */
export class OrderedWord {
  high = 0;
  low = 0;
  private readonly float: boolean;
  private readonly unsigned: boolean;

  constructor(
    private readonly heap: Heap,
    type: DataType,
    private readonly zeros: 'one' | 'two',
  ) {
    this.float = isFloatType(type);
    this.unsigned = type.kind === 'uint64';
  }

  /** Takes the word at an index of 8-byte words. */
  load(word: number): void {
    const { u32, f64 } = this.heap;
    let low = u32[word * 2]!;
    let high = u32[word * 2 + 1]!;
    if (!this.float) {
      this.set(this.unsigned ? high : high ^ SIGN, low);
      return;
    }
    const value = f64[word]!;
    if (value !== value) [high, low] = [NAN_HIGH, 0];
    else if (value === 0 && this.zeros === 'one') high = 0;
    if (high & SIGN) this.set(~high, ~low);
    else this.set(high ^ SIGN, low);
  }

  /** The order of the word that `load` took against another in this form: negative, 0 or positive. */
  against(high: number, low: number): number {
    return this.high !== high ? this.high - high : this.low - low;
  }

  /** Writes the word whose ordered form is given to an index of 8-byte words. */
  restore(high: number, low: number, word: number): void {
    const { u32 } = this.heap;
    const negative = this.float && !(high & SIGN);
    u32[word * 2] = negative ? ~low : low;
    u32[word * 2 + 1] = negative ? ~high : this.unsigned ? high : high ^ SIGN;
  }

  private set(high: number, low: number): void {
    this.high = high >>> 0;
    this.low = low >>> 0;
  }
}
