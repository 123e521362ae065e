/**
 * A dense working vector of one thread: element i belongs to the i-th row of the current selection. Types are widened to a few
 * classes, so that kernels are few:
 *
 *   i64    8 bytes: every integer (uint64 as the same bits), date (days), timestamp (its unit), decimal (scaled)
 *   f64    8 bytes: float32, float64
 *   bool   1 byte, 0 or 1
 *   bytes  8 bytes: u32 address, u32 length of utf8 or binary data that stays valid until the chunk is done
 *   code   4 bytes: int32 code into `dictionary` (an address of a dictionary block); -1 is never used, null is told by `valid`
 *
 * `valid`: one byte per element, 1 = not null; 0 (no address) where nothing is null. Data of null elements is defined but
 * meaningless (bytes: length 0; code: 0).
 */
export type VectorClass = 'i64' | 'f64' | 'bool' | 'bytes' | 'code';
export interface Vector {
  readonly cls: VectorClass;
  readonly data: number;
  readonly valid: number;
  /** Address of the dictionary block for class `code`, else 0. */
  readonly dictionary: number;
}
