import { expect } from 'vitest';
import type { JoinColumn } from '../../src/plan/join-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { difference } from '../oracle/compare.ts';
import { type Ledger, runStages } from '../oracle/reference.ts';
import { foldRetractions } from './changelog.ts';
import { ingestOf } from './feeds.ts';
import { runInOrder, type RowsOrEnd } from './in-order.ts';
import { keysOf, type SideParts } from './join-plans.ts';
import { field, MS } from './plans.ts';
import { hasEngine, startSources } from './run-plan.ts';
import { ScriptedSource, until } from './scripted-source.ts';

/** Joins of rows that are written as texts, and what comes of them. */

/** Rows have a name (`l1`, `r1`), a key and a time. Results are their names, with `-` where there is none. */
export const [NAME, KEY, AT] = [field('name', 'utf8', false), field('key', 'int64'), field('at', MS, false)];
export const schema = [NAME, KEY, AT];
export const side = (of: Partial<SideParts> = {}): SideParts => ({ schema, keys: keysOf(KEY), ...of });
export const names = (...sides: number[]): JoinColumn[] => sides.map(index => ({ kind: 'field', side: index, name: 'name' }));

/** `l1 k 10`: a row of the left side; `r` and `s` are the second and the third; `-` is a null key. */
export const BRANCHES = 'lrs';
export function feedsOf(...rows: string[]): RowsOrEnd[] {
  return rows.map(text => {
    const [name = '', key = '', at = ''] = text.split(' ');
    return { branch: BRANCHES.indexOf(name[0]!), rows: [{ name, key: key === '-' ? null : BigInt(key), at: Number(at) }] };
  });
}
const textOf = (row: Row): string => Object.entries(row).filter(([name]) => name !== 'retracted').map(([, value]) => (value === null ? '-' : String(value))).join(' ');
const ledgersOf = (list: readonly Ledger[]): Ledger[] => list.map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));

/** The reference, and the engine in every variant, have these contents in the end; as the one mode, so the other. */
export async function expectContents(plan: Plan, feeds: readonly RowsOrEnd[], contents: readonly string[]): Promise<Ledger[]> {
  const expected = runStages(plan, ingestOf(feeds));
  expect(expected.rows.map(textOf).sort()).toEqual([...contents].sort());
  if (!hasEngine) return expected.ledgers;
  for (const options of [{ workers: 1, batchRows: 65_536 }, { workers: 2, batchRows: 1 }]) {
    const got = await runInOrder(plan, feeds, options);
    expect(difference(plan, expected, foldRetractions(plan, got.rows)), JSON.stringify(options)).toBe(null);
    expect(ledgersOf([...got.stats.sources, ...got.stats.stages]), JSON.stringify(options)).toEqual(expected.ledgers);
  }
  return expected.ledgers;
}

/** Rows go in one after another, and behind each, before the next, comes just what is said: `+` given out, `-` taken back. `end`: what the end of input brings. */
export async function expectSteps(plan: Plan, list: readonly (readonly [row: string, ...results: string[]])[], end: readonly string[] = []): Promise<void> {
  const sources = plan.stages[0]!.branches.map(({ source }) => new ScriptedSource(source.name));
  const { job, rows: got, done } = await startSources(plan, sources, { workers: 2 });
  let failed: unknown = null;
  done.catch((error: unknown) => { failed = error; });
  const wait = (what: () => boolean): Promise<void> => until(() => failed !== null || what());
  let seen = 0;
  const given = (): string[] => got.slice(seen).map(row => `${row['retracted'] === true ? '-' : '+'} ${textOf(row)}`).sort();
  for (const [index, [row, ...results]] of list.entries()) {
    const [{ branch, rows }] = feedsOf(row) as [RowsOrEnd];
    await wait(() => sources.every(source => source.asked));
    sources[branch]!.give({ kind: 'rows', rows: rows! });
    await wait(() => job.stats().sources.reduce((sum, { applied, late }) => sum + applied + late, 0) > index && got.length >= seen + results.length);
    // What comes and should not, comes soon or is among what comes next.
    await new Promise<void>(resolve => { setTimeout(resolve, 5); });
    expect(given(), `behind ${row}`).toEqual([...results].sort());
    seen = got.length;
  }
  for (const source of sources) source.end();
  await done;
  expect(given(), 'at the end').toEqual([...end].sort());
}
