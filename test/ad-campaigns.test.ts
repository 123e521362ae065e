import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// By URL: the example is JavaScript, without declarations.
const example = <T>(file: string): Promise<T> => import(new URL(`../examples/ad-campaigns/${file}`, import.meta.url).href) as Promise<T>;
interface Settings { events: number; seed: number; late: boolean; workers: number | undefined; folder: string; logs: string }
interface Checked { rows: number; late: number; missing: string[]; wrong: string[]; ledger: string[] }
const { settings } = await example<{ settings(args: string[], environment: object): Settings }>('settings.mjs');
const { check } = await example<{ check(chosen: Settings): Promise<Checked> }>('check.mjs');
const { makeLogs } = await example<{ makeLogs(options: { events: number; seed: number; late?: boolean }): Record<'served' | 'views' | 'clicks', Record<string, ArrayLike<number>>> }>('logs.mjs');
const { writeLogs } = await example<{ writeLogs(logs: unknown, folder: string): Promise<Record<string, string>> }>('lines.mjs');

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'millrace-ads-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the table is what DuckDB answers over the same logs', () => {
  test.each([
    [1, true, 1], [2, true, 2], [4, false, 2],
  ])('seed %i, late rows %s, %i workers', async (seed, late, workers) => {
    const args = ['--events', '10k', '--seed', String(seed), '--workers', String(workers), '--folder', join(folder, `${seed}-${workers}`), ...(late ? [] : ['--no-late'])];
    const found = await check(settings(args, {}));
    expect({ missing: found.missing, wrong: found.wrong, ledger: found.ledger }).toEqual({ missing: [], wrong: [], ledger: [] });
    expect(found.rows).toBeGreaterThan(4000);
    if (late) expect(found.late).toBeGreaterThan(0);
    else expect(found.late).toBe(0);
  });
});

describe('settings', () => {
  test('servers without an address are those that were started, and one that was not is said', () => {
    expect(settings(['--postgres', 'postgres://a/b', '--kafka=x:1,y:2'], {})).toMatchObject({ postgres: 'postgres://a/b', brokers: ['x:1', 'y:2'], cassandra: null });
    expect(settings([], { AD_CASSANDRA: 'c:9042' })).toMatchObject({ postgres: null, brokers: null, cassandra: 'c:9042' });
  });
});

describe('the logs', () => {
  test('are the same for the same seed, and others for another', async () => {
    const read = async (seed: number, name: string): Promise<string> => {
      const paths = await writeLogs(makeLogs({ events: 3000, seed }), join(folder, name));
      return ['served', 'views', 'clicks'].map(log => readFileSync(paths[log]!, 'utf8')).join('\n');
    };
    const first = await read(1, 'a');
    expect(await read(1, 'b') === first).toBe(true);
    expect(await read(2, 'c') === first).toBe(false);
  });

  test('have what a real day has: a hot campaign, bots, repeated rows, disorder, views hours later, lines that are none', async () => {
    const logs = makeLogs({ events: 100_000, seed: 7 });
    const { served, views } = logs;
    const rows = served['at']!.length;
    const share = (count: number): number => count / rows;
    const numbers = (column: ArrayLike<number>): number[] => Array.from(column);
    const perCampaign = new Map<number, number>();
    for (const campaign of numbers(served['campaign']!)) perCampaign.set(campaign, (perCampaign.get(campaign) ?? 0) + 1);
    expect(share(perCampaign.get(0)!)).toBeCloseTo(0.2, 1);
    expect(perCampaign.get(1)! / perCampaign.get(10)!).toBeGreaterThan(5);
    expect(share(numbers(served['ip']!).filter(ip => ip < 40).length)).toBeCloseTo(1 / 30, 2);
    expect(rows - new Set(numbers(served['ad']!)).size).toBeGreaterThan(100);

    // In the order of arrival, and so not of `at`.
    expect(numbers(served['arrival']!)).toEqual(numbers(served['arrival']!).toSorted((a, b) => a - b));
    const behind = (hours: number): number => {
      let latest = 0, count = 0;
      for (const at of numbers(served['at']!)) {
        if (at < latest - hours * 3_600_000) count++;
        latest = Math.max(latest, at);
      }
      return count;
    };
    expect(behind(0)).toBeGreaterThan(rows / 20);
    expect([behind(1) > 20, behind(3.5) > 5, behind(3.5) < 100]).toEqual([true, true, true]);

    const servedAt = new Map(numbers(served['ad']!).map((ad, row) => [ad, served['at']![row]!]));
    const delays = numbers(views['ad']!).map((ad, row) => views['at']![row]! - servedAt.get(ad)!).filter(delay => !Number.isNaN(delay));
    const between = (from: number, to: number): number => delays.filter(delay => delay >= from * 3_600_000 && delay <= to * 3_600_000).length;
    expect([between(6, 12) > 50, between(12.001, 14) > 10, delays.includes(12 * 3_600_000), delays.includes(12 * 3_600_000 + 1), delays.some(delay => delay < 0)]).toEqual([true, true, true, true, true]);
    expect(views['ad']!.length - delays.length).toBeGreaterThan(100);

    const paths = await writeLogs(logs, join(folder, 'kinds'));
    const bad = readFileSync(paths['served']!, 'utf8').trimEnd().split('\n').filter(line => !/^{"adId":"\w{16}","campaignId":"[\w-]+","userId":"u\d+","ip":"[\d.]+","at":"[\d-]+T[\d:.]+Z","price":(null|0\.\d{4})}$/.test(line));
    expect(bad.length).toBeGreaterThanOrEqual(5);
  });
});
