import type { Join } from '../../src/plan/join-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row, Value } from '../../src/plan/types.ts';
import { rowText } from '../oracle/compare.ts';
import type { Feed } from './simulation.ts';

/** What a join of rows gives that are all there: every row against every row. */
export interface NaiveResult {
  /** Without `retracted`: what is left once all that was taken back is gone. */
  readonly rows: Row[];
  readonly late: string[];
  readonly ledgers: { read: number; filtered: number; applied: number; late: number; deadLettered: number }[];
}
interface Item { readonly row: Row; readonly time: number }

export function naiveJoin(plan: Plan, feeds: readonly Feed[], keeps: (row: Row, side: number) => boolean): NaiveResult {
  const { join, branches } = plan.stages[0]!;
  const sides: Item[][] = join!.sides.map(() => []);
  const ledgers = branches.map(() => ({ read: 0, filtered: 0, applied: 0, late: 0, deadLettered: 0 }));
  const lanes = branches.map(() => -Infinity);
  const late: string[] = [];
  let watermark = -Infinity;
  for (const { branch, rows } of feeds) {
    const { side, eventTime } = branches[branch]!;
    const ledger = ledgers[branch]!;
    if (rows === null) lanes[branch] = Infinity;
    for (const row of Array.isArray(rows) ? rows as Row[] : []) {
      const time = Number(row[eventTime!.column]);
      if (!keeps(row, side)) ledger.filtered++;
      else if (time < watermark - join!.accept) {
        late.push(`${ledgers.indexOf(ledger)} ${ledger.read}`);
        ledger.late++;
      } else {
        ledger.applied++;
        sides[side]!.push({ row, time });
      }
      ledger.read++;
      lanes[branch] = Math.max(lanes[branch]!, time - eventTime!.outOfOrderness);
      watermark = Math.max(watermark, Math.min(...lanes));
    }
    watermark = Math.max(watermark, Math.min(...lanes));
  }
  return { rows: joined(join!, sides, plan.output.map(({ name }) => name)), late, ledgers };
}

function joined(join: Join, sides: readonly Item[][], names: readonly string[]): Row[] {
  if (join.window === null) return lives(join, sides, null, names);
  const { size, slide, offset } = join.window;
  const starts = new Set<number>();
  for (const { time } of sides.flat()) for (let start = Math.floor((time - offset) / slide) * slide + offset; start > time - size; start -= slide) starts.add(start);
  return [...starts].flatMap(start => lives(join, sides.map(items => items.filter(({ time }) => time >= start && time < start + size)), start, names));
}

function lives(join: Join, [left, ...others]: readonly Item[][], start: number | null, names: readonly string[]): Row[] {
  const results: Row[] = [];
  const matched = new Set<Item>();
  const put = (parts: readonly (Item | null)[], counts: readonly number[]): void => void results.push(resultRow(join, parts, counts, start, names));
  for (const item of left!) {
    const matches = others.map((items, index) => items.filter(other => isMatch(join, index + 1, item, other, start !== null)));
    for (const other of matches.flat()) matched.add(other);
    const [kind] = join.sides.slice(1).map(({ match }) => match).filter(match => match === 'semi' || match === 'anti' || match === 'count');
    if (kind === 'count') put([item], matches.map(({ length }) => length));
    else if (kind !== undefined) { if ((matches[0]!.length > 0) === (kind === 'semi')) put([item], []); } else {
      let combinations: (Item | null)[][] = [[item]];
      matches.forEach((found, index) => {
        const some: (Item | null)[] = found.length === 0 && join.sides[index + 1]!.match === 'optional' ? [null] : found;
        combinations = combinations.flatMap(parts => some.map(other => [...parts, other]));
      });
      for (const parts of combinations) put(parts, []);
    }
  }
  if (join.sides[1]!.keepsUnmatched) for (const other of others[0]!) if (!matched.has(other)) put([null, other], []);
  return results;
}

function isMatch(join: Join, side: number, left: Item, other: Item, windowed: boolean): boolean {
  const { before, after, keys } = join.sides[side]!;
  if (!windowed && (other.time < left.time - before || other.time > left.time + after)) return false;
  const valueOf = (item: Item, at: number, key: number): Value => item.row[join.sides[at]!.keys[key]!.name]!;
  return keys.every((_, key) => {
    const [a, b] = [valueOf(left, 0, key), valueOf(other, side, key)];
    return a !== null && b !== null && (Object.is(a, b) || a === b);
  });
}

function resultRow(join: Join, parts: readonly (Item | null)[], counts: readonly number[], start: number | null, names: readonly string[]): Row {
  const entries = join.columns.flatMap((column, index): [string, Value][] => {
    const name = names[index]!;
    switch (column.kind) {
      case 'field': return [[name, parts[column.side]?.row[column.name] ?? null]];
      case 'count': return [[name, BigInt(counts[column.side - 1]!)]];
      case 'time': return [[name, (parts[0] ?? parts[1])!.time]];
      case 'windowStart': return [[name, start]];
      case 'windowEnd': return [[name, start! + join.window!.size]];
      case 'retracted': return [];
    }
  });
  return Object.fromEntries(entries);
}

/** What is left of a changelog once all that was taken back is gone. Throws where something is taken back that is not there. */
export function settled(rows: readonly Row[], names: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const row of rows) {
    const text = rowText(row, names);
    const count = (left.get(text) ?? 0) + (row['retracted'] === true ? -1 : 1);
    if (count < 0) throw new Error(`{${text}} is taken back before it was given`);
    left.set(text, count);
  }
  return [...left].flatMap(([text, count]) => Array.from({ length: count }, () => text)).sort();
}
