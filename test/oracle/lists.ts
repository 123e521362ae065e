import type { AggregateFunction, AggregateOptions } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { civilOfDays, floorDiv, floorMod } from './calendar.ts';
import { type Cell, compareCells, decimalText, identityOf, keyCell } from './cells.ts';

/** Lists of values as JSON. */

type Present = Exclude<Cell, null>;

function dateJson(days: bigint): string {
  const { year, month, day } = civilOfDays(days);
  const digits = (n: bigint, count: number): string => String(n < 0n ? -n : n).padStart(count, '0');
  const years = year >= 0n && year <= 9999n ? digits(year, 4) : `${year < 0n ? '-' : '+'}${digits(year, 6)}`;
  return `${years}-${digits(month, 2)}-${digits(day, 2)}`;
}
function timeJson(value: bigint, unit: 'ms' | 'us'): string {
  const perSecond = unit === 'ms' ? 1000n : 1_000_000n;
  const day = floorDiv(value, 86_400n * perSecond);
  const rest = floorMod(value, 86_400n * perSecond);
  const two = (n: bigint): string => String(n).padStart(2, '0');
  const seconds = rest / perSecond;
  const fraction = String(rest % perSecond).padStart(unit === 'ms' ? 3 : 6, '0');
  return `${dateJson(day)}T${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.${fraction}Z`;
}

export function jsonCell(cell: Cell, type: DataType): string {
  if (cell === null) return 'null';
  if (cell instanceof Uint8Array) return JSON.stringify(Buffer.from(cell).toString('base64'));
  if (typeof cell === 'string') return JSON.stringify(cell);
  if (typeof cell === 'number') return Object.is(cell, -0) ? '-0' : Number.isFinite(cell) ? String(cell) : 'null';
  if (typeof cell === 'boolean') return String(cell);
  switch (type.kind) {
    case 'date': return `"${dateJson(cell)}"`;
    case 'timestamp': return `"${timeJson(cell, type.unit)}"`;
    case 'decimal': return decimalText(cell, type.scale);
    default: return String(cell);
  }
}
const jsonList = (cells: readonly Cell[], type: DataType): string => `[${cells.map(cell => jsonCell(cell, type)).join(',')}]`;

/** -0 before 0, or which of them is left out would depend on the order of merging. */
const ordered = (a: Present, b: Present): number => compareCells(a, b) || (typeof a === 'number' && a === 0 ? Number(Object.is(b, -0)) - Number(Object.is(a, -0)) : 0);

/** `cells` in the order of their rows, without nulls but for `collectList`. REQUIRES: some. */
export function list(fn: AggregateFunction, cells: readonly Cell[], type: DataType, { limit = 0 }: AggregateOptions): string {
  const values = cells as readonly Present[];
  switch (fn) {
    case 'collectList': return jsonList(cells.slice(0, limit), type);
    case 'topN': return jsonList(values.toSorted((a, b) => ordered(b, a)).slice(0, limit), type);
    case 'bottomN': return jsonList(values.toSorted(ordered).slice(0, limit), type);
    default: {
      const counts = new Map<string, { readonly value: Present; count: number }>();
      for (const cell of values) {
        const value = keyCell(cell) as Present;
        const known = counts.get(identityOf(value)) ?? { value, count: 0 };
        counts.set(identityOf(value), known);
        known.count++;
      }
      const best = [...counts.values()].sort((a, b) => b.count - a.count || compareCells(a.value, b.value)).slice(0, limit);
      return `[${best.map(({ value, count }) => `{"value":${jsonCell(value, type)},"count":${count}}`).join(',')}]`;
    }
  }
}
