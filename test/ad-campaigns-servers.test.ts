import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { service } from './support/services.ts';

/** The example with real servers, by options alone: the table must be what DuckDB answers over the same logs as files. */
const example = <T>(file: string): Promise<T> => import(new URL(`../examples/ad-campaigns/${file}`, import.meta.url).href) as Promise<T>;
interface Checked { rows: number; missing: string[]; wrong: string[]; ledger: string[] }
const { settings } = await example<{ settings(args: string[], environment: object): object }>('settings.mjs');
const { check } = await example<{ check(chosen: object): Promise<Checked> }>('check.mjs');

const kafka = await service('kafka');
const postgres = await service('postgres');
const cassandra = await service('cassandra');
const folder = mkdtempSync(join(tmpdir(), 'millrace-ads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the ad campaigns with servers', () => {
  for (const [store, address] of [['postgres', postgres], ['cassandra', cassandra]] as const) test.skipIf(kafka === null || address === null)(`from Kafka to ${store}`, async () => {
    // Which rows are late depends on the partitions they are in, so there are none.
    const args = ['--events', '20k', '--no-late', '--workers', '2', '--folder', join(folder, store), `--kafka=${kafka!}`, `--${store}=${address!}`];
    const found = await check(settings(args, {}));
    expect({ missing: found.missing, wrong: found.wrong, ledger: found.ledger }).toEqual({ missing: [], wrong: [], ledger: [] });
    expect(found.rows).toBeGreaterThan(8000);
  });
});
