import type { AggregateFunction, AggregateOptions } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { type Cell, compareCells, fits, identityOf, isFloat, keyCell } from './cells.ts';
import { DOUBLE_UNIT_BITS, ratioToNumber, scaledDouble } from './exact.ts';
import { list } from './lists.ts';

/** One row's input to an aggregate, with its place in the order behind first and last. */
export interface Entry {
  readonly cell: Cell;
  /** Further inputs. */
  readonly more?: readonly Cell[];
  readonly time: bigint | null;
  readonly source: number;
  readonly position: number;
}
/** A result of an integer or decimal sum that does not fit its type: the job fails. */
export class AggregateOverflow extends Error {}

type Present = Exclude<Cell, null>;

/** The aggregate of the rows of one group, all at once and exact where mathematics is. `input` is null for count of rows. */
export function aggregate(fn: AggregateFunction, input: DataType | null, type: DataType, entries: readonly Entry[], options: AggregateOptions = {}): Cell {
  if (fn === 'count' && input === null) return BigInt(entries.length);
  if (fn === 'first' || fn === 'last') return edge(fn, entries);
  if (fn === 'argMin' || fn === 'argMax') return picked(fn, entries);
  const cells = entries.map(e => e.cell).filter((c): c is Present => c !== null);
  if (fn === 'count') return BigInt(cells.length);
  if (fn === 'countDistinct' || fn === 'approxCountDistinct') return distinct(cells);
  if (fn === 'collectList') return entries.length === 0 || input === null ? null : list(fn, inOrder(entries).map(e => e.cell), input, options);
  if (cells.length === 0 || input === null) return null;
  switch (fn) {
    case 'min': return cells.reduce((a, b) => (ordered(b, a) < 0 ? b : a));
    case 'max': return cells.reduce((a, b) => (ordered(b, a) > 0 ? b : a));
    case 'boolAnd': return !cells.includes(false);
    case 'boolOr': return cells.includes(true);
    case 'sum': return sum(cells, type);
    case 'mean': return mean(cells, input);
    case 'quantile': return quantile(cells, options.q ?? NaN);
    case 'user': case 'reduce': throw new Error('functions of the user are tested by themselves');
    case 'topN': case 'bottomN': case 'mostFrequent': return list(fn, cells, input, options);
    default: return spread(fn, cells, input);
  }
}

const distinct = (cells: readonly Present[]): bigint => BigInt(new Set(cells.map(cell => identityOf(keyCell(cell)))).size);

/** The value itself at the place q * (n - 1), rounded down. */
function quantile(cells: readonly Present[], q: number): Cell {
  const sorted = cells.toSorted(compareCells);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? null;
}

/** Ties of -0 and 0 have a winner, or the answer would depend on the order of merging. */
function ordered(a: Present, b: Present): number {
  const order = compareCells(a, b);
  return order !== 0 || typeof a !== 'number' || a !== 0 ? order : Number(Object.is(b, -0)) - Number(Object.is(a, -0));
}

const inOrder = (entries: readonly Entry[]): Entry[] => [...entries].sort((a, b) =>
  (a.time === null || b.time === null || a.time === b.time ? a.source - b.source || a.position - b.position : a.time < b.time ? -1 : 1));

/** The value, null or not, of the first row with the least or greatest second input. */
function picked(fn: 'argMin' | 'argMax', entries: readonly Entry[]): Cell {
  const by = (e: Entry): Cell => e.more?.[0] ?? null;
  const rows = inOrder(entries).filter(e => by(e) !== null);
  const best = rows.reduce<Entry | null>((a, b) => {
    const order = a === null ? 0 : compareCells(by(b) as Present, by(a) as Present);
    return a === null || (fn === 'argMin' ? order < 0 : order > 0) ? b : a;
  }, null);
  return best?.cell ?? null;
}

/** The value, null or not, of the row that is first or last by (event time, source, position). */
function edge(fn: 'first' | 'last', entries: readonly Entry[]): Cell {
  const sorted = inOrder(entries);
  return (fn === 'first' ? sorted[0] : sorted[sorted.length - 1])?.cell ?? null;
}

/** What no finite sum can tell: NaN and infinities decide by themselves. Null: all are finite. */
function beyondFinite(cells: readonly Present[]): number | null {
  const odd = cells.filter((c): c is number => typeof c === 'number' && !Number.isFinite(c));
  const [first] = odd;
  return first === undefined ? null : odd.every(x => x === first) ? first : NaN;
}
/** Cells as integers of one common unit: 2^-1074 for floats, 10^-scale for decimals. */
const exactly = (cells: readonly Present[]): bigint[] => cells.map(c => (typeof c === 'number' ? scaledDouble(c) : BigInt(c as bigint)));
const unitOf = (type: DataType): bigint =>
  (isFloat(type) ? 1n << BigInt(DOUBLE_UNIT_BITS) : type.kind === 'decimal' ? 10n ** BigInt(type.scale) : 1n);
const total = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

function sum(cells: readonly Present[], type: DataType): Cell {
  const odd = beyondFinite(cells);
  if (odd !== null) return odd;
  const exact = total(exactly(cells));
  if (isFloat(type)) return ratioToNumber(exact, typeof cells[0] === 'number' ? unitOf(type) : 1n);
  if (!fits(exact, type)) throw new AggregateOverflow(`${exact} does not fit ${type.kind}`);
  return exact;
}
function mean(cells: readonly Present[], input: DataType): Cell {
  return beyondFinite(cells) ?? ratioToNumber(total(exactly(cells)), unitOf(input) * BigInt(cells.length));
}
/** Σ(x - mean)² = (n Σx² - (Σx)²) / n, without any cancellation. */
function spread(fn: AggregateFunction, cells: readonly Present[], input: DataType): Cell {
  const sample = fn === 'variance' || fn === 'stddev';
  const n = BigInt(cells.length);
  if (sample && n === 1n) return null;
  if (beyondFinite(cells) !== null) return NaN;
  const values = exactly(cells);
  const all = total(values);
  const variance = ratioToNumber(n * total(values.map(v => v * v)) - all * all, n * (sample ? n - 1n : n) * unitOf(input) ** 2n);
  return fn === 'stddev' || fn === 'stddevPopulation' ? Math.sqrt(variance) : variance;
}
