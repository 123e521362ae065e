import type { Top } from '../../src/plan/plan.ts';
import type { Fields } from '../../src/plan/types.ts';
import { type Cell, identityOf } from './cells.ts';
import { type Environment, evaluate } from './evaluate.ts';
import { cellAt } from './read-row.ts';

interface Ranked { readonly by: Cell; readonly row: readonly Cell[] }

/** Collects the rows of each window and group, and sorts them all at the end. */
export class Ranking {
  private readonly groups = new Map<string, Ranked[]>();
  constructor(private readonly top: Top, private readonly output: Fields) {}

  /** `time`: the row's event time. Where all rows are asked for they are one group, by time. */
  add(env: Environment, time: bigint | null): void {
    const { row } = env;
    const { n, by, per } = this.top;
    const key = n === null ? '' : ['windowStart', 'windowEnd', ...per].map(name => identityOf(row.get(name) ?? null)).join('|');
    this.groups.set(key, [...this.groups.get(key) ?? [], { by: by === null ? time : evaluate(by, env), row: this.output.map(field => cellAt(row, field.name)) }]);
  }

  get best(): (readonly Cell[])[] {
    return [...this.groups.values()].flatMap(group => group.sort((a, b) => this.order(a, b)).slice(0, this.top.n ?? undefined).map(({ row }) => row));
  }

  private order(a: Ranked, b: Ranked): number {
    const by = compare(a.by, b.by, this.top.descending);
    if (by !== 0) return by;
    for (const [i, cell] of a.row.entries()) {
      const order = compare(cell, b.row[i] ?? null, false);
      if (order !== 0) return order;
    }
    return 0;
  }
}

function compare(a: Cell, b: Cell, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = rank(a, b);
  return descending ? -order : order;
}
function rank(a: NonNullable<Cell>, b: NonNullable<Cell>): number {
  if (typeof a === 'number' && typeof b === 'number' && (Number.isNaN(a) || Number.isNaN(b))) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (typeof a === 'string' && typeof b === 'string') return byCodePoint([...a], [...b]);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return byCodePoint([...a].map(byte => String.fromCodePoint(byte)), [...b].map(byte => String.fromCodePoint(byte)));
  return a < b ? -1 : a > b ? 1 : 0;
}
function byCodePoint(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = a[i]!.codePointAt(0)! - b[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
