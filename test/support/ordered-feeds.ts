import type { Ingest } from '../oracle/reference.ts';
import { rowsOf } from './keyed-windows.ts';
import type { Random } from './random.ts';
import type { Feed, SimulationOptions } from './simulation.ts';

/** Batches of several branches in any order, and their ends. */
export function feedsOf(random: Random, branches: number, morsels: number, rows: number): Feed[] {
  const keys = random.pick([1, 5, 40, 400]);
  const clocks = Array.from({ length: branches }, () => ({ now: 0 }));
  const feeds: Feed[] = [];
  const open = clocks.map((_clock, branch) => branch);
  while (open.length > 0) {
    const branch = random.pick(open);
    const ends = feeds.length >= morsels || (branches > 1 && random.chance(0.02));
    feeds.push({ branch, rows: ends ? null : rowsOf(random, random.below(rows), keys, clocks[branch]!) });
    if (ends) open.splice(open.indexOf(branch), 1);
  }
  return feeds;
}

export const ingestOf = (feeds: readonly Feed[]): Ingest[] => feeds.flatMap(({ branch, rows }): Ingest[] => {
  if (rows === null) return [{ branch, end: true }];
  return rows === 'aside' ? [] : rows.map(row => ({ branch, row }));
});

export function optionsOf(random: Random): SimulationOptions {
  const workers = 1 + random.below(4);
  return { workers, partitioners: Array.from({ length: workers }, () => 'auto' as const), kernels: random.pick(['wasm', 'twins']), preemption: random.pick([0, 0.01, 0.1]) };
}
