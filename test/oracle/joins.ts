import type { Join, JoinColumn, JoinSide } from '../../src/plan/join-plan.ts';
import { type Cell, identityOf, mapAll, RowFault } from './cells.ts';
import { type Environment, evaluate } from './evaluate.ts';
import { cellAt } from './read-row.ts';

/** A row of a side that was in time. `key` is null where one of the keys is. */
interface Arrival { readonly key: string | null; readonly time: bigint; readonly cells: ReadonlyMap<string, Cell>; readonly place: Place; readonly isGone: boolean }
/** Which branch, and which of its rows. */
export interface Place { readonly source: number; readonly position: number }
/** What a side adds to a result: a row of its own, or its absence, and how many match. */
interface Part { readonly row: Arrival | null; readonly count: bigint }
const NOTHING: Part = { row: null, count: 0n };
interface Span { readonly start: bigint; readonly end: bigint }

/**
 * Remembers all rows, for ever, and compares each with each of its key when the input has ended. Which rows are late depends on their order; what
 * matches what does not. What comes of it are the contents: a row that an eager join takes back is not among them.
 */
export class Joining {
  private readonly arrivals: Arrival[][];
  constructor(private readonly join: Join) {
    this.arrivals = join.sides.map(() => []);
  }

  /** `watermark`: as it stands just before the row; null: nowhere yet. Throws RowFault. */
  judge(side: number, env: Environment, time: bigint, watermark: bigint | null, place: Place): 'applied' | 'late' {
    const { keys } = this.join.sides[side]!;
    const names = [...new Set(this.join.columns.flatMap(column => (column.kind === 'field' && column.side === side ? [column.name] : [])))];
    const deleted = side === 1 ? this.join.asOf?.deleted ?? null : null;
    const [keyCells = [], given = [], gone = []] = mapAll([
      keys.map(key => (): Cell => evaluate(key.expression, env)),
      names.map(name => (): Cell => cellAt(env.row, name)),
      deleted === null ? [] : [(): Cell => evaluate(deleted, env)],
    ], list => mapAll(list, cell => cell()));
    if (this.spansOf(time).some(({ start, end }) => start < -(2n ** 63n) || end > 2n ** 63n - 1n)) throw new RowFault('OVERFLOW', 'window');
    if (watermark !== null && time < watermark - BigInt(this.join.accept)) return 'late';
    const key = keyCells.includes(null) ? null : JSON.stringify(keyCells.map(identityOf));
    this.arrivals[side]!.push({ key, time, cells: new Map(names.map((name, i) => [name, given[i]!])), place, isGone: gone[0] === true });
    return 'applied';
  }

  /** Rows of the join's columns, in any order. */
  results(): Cell[][] {
    if (this.join.window === null) return this.resultsIn(null, this.arrivals);
    const spans = new Map(this.arrivals.flat().flatMap(({ time }) => this.spansOf(time)).map(span => [span.start, span]));
    return [...spans.values()].flatMap(span =>
      this.resultsIn(span, this.arrivals.map(rows => rows.filter(({ time }) => time >= span.start && time < span.end))));
  }

  private resultsIn(span: Span | null, [lefts = [], ...others]: readonly (readonly Arrival[])[]): Cell[][] {
    const sides = this.join.sides.slice(1);
    const results: Cell[][] = [];
    const [leftsOf, ...othersOf] = [lefts, ...others].map(rows => byKey(rows));
    for (const left of lefts) {
      const matches = sides.map((side, i) => this.matchesOf(side, left, othersOf[i]!.get(left.key) ?? []));
      if (this.join.mode === 'changes') {
        results.push(this.result(left, sides.map(() => NOTHING), left.time, span, true));
        matches.forEach((rows, side) => rows.forEach(() => results.push(this.result(left, sides.map((_, i) => ({ row: null, count: i === side ? 1n : 0n })), left.time, span))));
        continue;
      }
      const choices = sides.map((side, i) => partsOf(side, matches[i]!));
      for (const parts of product(choices)) results.push(this.result(left, parts, left.time, span));
    }
    for (const [i, side] of sides.entries()) {
      if (!side.keepsUnmatched) continue;
      for (const row of others[i]!.filter(one => !(leftsOf!.get(one.key) ?? []).some(left => this.matches(side, left, one)))) results.push(this.result(null, [{ row, count: 0n }], row.time, span));
    }
    return results;
  }

  private matchesOf(side: JoinSide, left: Arrival, rows: readonly Arrival[]): Arrival[] {
    const { asOf } = this.join;
    if (asOf === null) return rows.filter(row => this.matches(side, left, row));
    if (left.key === null) return [];
    const [newest] = rows.filter(row => row.time <= left.time).sort(newestFirst);
    return newest === undefined || newest.isGone || (asOf.within !== null && left.time - newest.time > BigInt(asOf.within)) ? [] : [newest];
  }

  /** REQUIRES: both rows lie in the window, where there is one. */
  private matches(side: JoinSide, left: Arrival, row: Arrival): boolean {
    if (left.key === null || row.key === null || left.key !== row.key) return false;
    return this.join.window !== null || (row.time >= left.time - BigInt(side.before) && row.time <= left.time + BigInt(side.after));
  }

  private result(left: Arrival | null, parts: readonly Part[], time: bigint, span: Span | null, isNew = false): Cell[] {
    const cellOf = (column: JoinColumn): Cell => {
      switch (column.kind) {
        case 'field': return (column.side === 0 ? left : parts[column.side - 1]!.row)?.cells.get(column.name) ?? null;
        case 'count': return parts[column.side - 1]!.count;
        case 'time': return time;
        case 'windowStart': return span!.start;
        case 'windowEnd': return span!.end;
        case 'retracted': return false;
        case 'isNew': return isNew;
      }
    };
    return this.join.columns.map(cellOf);
  }

  /** The windows that a row lies in. */
  private spansOf(time: bigint): Span[] {
    if (this.join.window === null) return [];
    const [size, slide, offset] = [this.join.window.size, this.join.window.slide, this.join.window.offset].map(BigInt) as [bigint, bigint, bigint];
    const since = (((time - offset) % slide) + slide) % slide;
    const spans: Span[] = [];
    for (let start = time - since; start + size > time; start -= slide) spans.push({ start, end: start + size });
    return spans;
  }
}

/** Of versions of one time the last by the order of inputs, and of rows in them. */
function newestFirst(a: Arrival, b: Arrival): number {
  if (a.time !== b.time) return a.time > b.time ? -1 : 1;
  return b.place.source - a.place.source || b.place.position - a.place.position;
}
function partsOf({ match }: JoinSide, matches: readonly Arrival[]): Part[] {
  const nothing: Part = { row: null, count: BigInt(matches.length) };
  const rows = matches.map((row): Part => ({ row, count: 1n }));
  switch (match) {
    case 'inner': return rows;
    case 'optional': return rows.length > 0 ? rows : [nothing];
    case 'semi': return rows.length > 0 ? [nothing] : [];
    case 'anti': return rows.length > 0 ? [] : [nothing];
    case 'count': return [nothing];
    case 'left': throw new Error('a left side on the right');
  }
}
const product = (choices: readonly (readonly Part[])[]): Part[][] =>
  choices.reduce<Part[][]>((lists, parts) => lists.flatMap(list => parts.map(part => [...list, part])), [[]]);
function byKey(rows: readonly Arrival[]): Map<string | null, Arrival[]> {
  const lists = new Map<string | null, Arrival[]>();
  for (const row of rows) {
    const same = lists.get(row.key);
    if (same === undefined) lists.set(row.key, [row]);
    else same.push(row);
  }
  return lists;
}
