import fc from 'fast-check';
import { test } from 'vitest';
import { Layout } from '../support/images.ts';

export const MIN: bigint = -(2n ** 63n);
export const MAX: bigint = 2n ** 63n - 1n;
export const int64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt(MIN, MAX), fc.bigInt(-20n, 20n), fc.constantFrom(MIN, MIN + 1n, MAX, MAX - 1n, 2n ** 32n, -(2n ** 32n), 2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 3_037_000_500n),
);
export const float: fc.Arbitrary<number> = fc.oneof(
  fc.double(), fc.integer({ min: -9, max: 9 }), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, 0.1),
);
export const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(new Uint8Array(0), new Uint8Array(8), new Uint8Array(9), new Uint8Array(16)));
export const MOST_ROWS = 40;

/** Rows as kernels get them: elements, of which `positions` (ascending, or none) take part, with validity and mask bytes (or none). */
export interface Chunk {
  readonly elements: number;
  readonly positions: readonly number[] | null;
  readonly rows: number;
  readonly valid: readonly number[] | null;
  readonly mask: readonly number[] | null;
  /** Per row, which of a few cells. */
  readonly cells: readonly number[];
}
const flags = (length: number): fc.Arbitrary<number[] | null> => fc.option(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: length, maxLength: length }), { nil: null });
export const CELLS = 7;
export const chunk: fc.Arbitrary<Chunk> = fc.integer({ min: 0, max: MOST_ROWS }).chain(elements =>
  fc.record({
    positions: fc.option(fc.subarray(Array.from({ length: elements }, (_, element) => element)), { nil: null }),
    valid: flags(elements), mask: flags(elements),
    cells: fc.array(fc.integer({ min: 0, max: CELLS - 1 }), { minLength: elements, maxLength: elements }),
  }).map(drawn => ({ ...drawn, elements, rows: drawn.positions?.length ?? elements })));

/** As many as any chunk has elements. */
export const column = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: MOST_ROWS, maxLength: MOST_ROWS });

export interface Placed {
  readonly positions: number;
  readonly valid: number;
  readonly mask: number;
}
export const place = (layout: Layout, { positions, valid, mask }: Chunk): Placed => ({
  positions: positions === null ? 0 : layout.u32([...positions, 0]),
  valid: valid === null ? 0 : layout.u8([...valid, 0]),
  mask: mask === null ? 0 : layout.u8([...mask, 0]),
});

export function property<T extends object>(name: string, arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> }, check: (drawn: T & { chunk: Chunk }, layout: Layout) => void, numRuns: number = 100): void {
  const all = fc.record({ chunk, ...arbitraries } as unknown as Record<string, fc.Arbitrary<unknown>>) as unknown as fc.Arbitrary<T & { chunk: Chunk }>;
  test(name, () => fc.assert(fc.property(all, drawn => check(drawn, new Layout())), { numRuns }));
}
