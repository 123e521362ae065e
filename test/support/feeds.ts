import type { Row } from '../../src/plan/types.ts';
import type { Ingest } from '../oracle/reference.ts';
import type { Random } from './random.ts';
import type { Feed } from './simulation.ts';

/** Draws rows; the clock goes on from batch to batch. */
type DrawRows = (random: Random, count: number, keys: number, clock: { now: number }) => Row[];

/** Batches of several branches in any order, and their ends. Each partition has a clock of its own; some fall silent, and some of those come back. */
export function feedsOf(random: Random, draw: DrawRows, branches: number, morsels: number, rows: number, partitions = 1): Feed[] {
  const keys = random.pick([1, 5, 40, 400]);
  const clocks = Array.from({ length: branches * partitions }, () => ({ now: 0 }));
  const feeds: Feed[] = [];
  const open = Array.from({ length: branches }, (_, branch) => branch);
  while (open.length > 0) {
    const branch = random.pick(open);
    const ends = feeds.length >= morsels || (branches > 1 && random.chance(0.02));
    const partition = ends ? 0 : random.below(partitions);
    const isAside = !ends && partitions > 1 && random.chance(0.15);
    feeds.push({ branch, partition, rows: ends ? null : isAside ? 'aside' : draw(random, random.below(rows), keys, clocks[branch * partitions + partition]!) });
    if (ends) open.splice(open.indexOf(branch), 1);
  }
  return feeds;
}

/** One branch, batch by batch, and its end. */
export const oneBranch = (batches: readonly Row[][]): Feed[] => [...batches, null].map(rows => ({ branch: 0, rows }));

/** `rows` may be anything: the reference judges them, too. */
export const ingestOf = (feeds: readonly (Omit<Feed, 'rows'> & { readonly rows: readonly unknown[] | null | 'aside' })[]): Ingest[] => feeds.flatMap(({ branch, partition = 0, rows }): Ingest[] => {
  if (rows === null) return [{ branch, end: true }];
  return rows === 'aside' ? [{ branch, partition, aside: true }] : rows.map(row => ({ branch, partition, row }));
});
