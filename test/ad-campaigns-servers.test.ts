import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { service } from './support/services.ts';

/** A small size of `node test/campaign/run.mjs`: the example with real servers, while these and the job's process fail. */
interface Day { expected: { table: string[] } }
interface Outcome { done: string[]; rows: number; letters: number; lives: number; missing: string[]; wrong: string[]; other: string[] }
const { makeDay, runCampaign } = await import(new URL('./campaign/campaign.mjs', import.meta.url).href) as {
  makeDay(options: { events: number; seed: number; folder: string }): Promise<Day>;
  runCampaign(day: Day, options: object): Promise<Outcome>;
};

const kafka = await service('kafka');
const postgres = await service('postgres', { alone: true });
const cassandra = await service('cassandra');
const folder = mkdtempSync(join(tmpdir(), 'millrace-ads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(kafka === null)('the ad campaigns from Kafka, every batch twice: the table is what DuckDB answers', () => {
  const day = kafka === null ? null : makeDay({ events: 20_000, seed: 1, folder });
  test.skipIf(postgres === null || cassandra === null).each([
    ['postgres', 'all', 2, ['connections to postgres cut', 'job killed', 'postgres stopped', 'postgres killed', 'connections to postgres cut']],
    // What it does while it is away: test/connectors/stores/cassandra-outage.test.ts.
    ['cassandra', 'twice', 1, []],
  ])('%s: %s', { timeout: 180_000 }, async (store, fault, lives, done) => {
    const found = await runCampaign((await day)!, { store, fault, quick: true, servers: { kafka, postgres, cassandra }, downMs: 1000, workers: 2, limitMs: 150_000 });
    expect(found).toMatchObject({ done, missing: [], wrong: [], other: [], lives });
    expect(found.rows).toBeGreaterThan(8000);
    expect(found.letters).toBeGreaterThan(10);
  });
});
