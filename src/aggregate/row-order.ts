import type { DataType, Row, Value } from '../plan/types.js';

type Compare = (a: NonNullable<Value>, b: NonNullable<Value>) => number;
export interface SortKey {
  readonly name: string;
  readonly compare: Compare;
  readonly descending: boolean;
}

const plain: Compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
/** NaN is the greatest number. */
const floats: Compare = (a, b) => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : plain(a, b));
/** The order of code points is that of the UTF-8 bytes, and not JavaScript's. */
const texts: Compare = (a, b) => Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
/** All values of a column have as many digits behind the point. */
const decimals: Compare = (a, b) => plain(BigInt((a as string).replace('.', '')), BigInt((b as string).replace('.', '')));

/** The order of the values of a type, as rows have them. */
export function comparerOf(type: DataType): Compare {
  switch (type.kind) {
    case 'float32': case 'float64': return floats;
    case 'utf8': case 'dictionary': return texts;
    case 'binary': return (a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'decimal': return decimals;
    default: return plain;
  }
}

/** The order of rows by one key after another. Nulls come last in both directions. */
export const inOrderOf = (keys: readonly SortKey[]) => (one: Row, other: Row): number => {
  for (const { name, compare, descending } of keys) {
    const [a, b] = [one[name] ?? null, other[name] ?? null];
    if (a === null && b === null) continue;
    if (a === null || b === null) return a === null ? 1 : -1;
    const order = compare(a, b);
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
};
