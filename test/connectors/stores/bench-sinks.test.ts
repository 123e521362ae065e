import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { service } from '../../support/services.ts';

const there = [await service('kafka'), await service('postgres'), await service('cassandra'), await service('s3')].every(address => address !== null);

/** As in bench.test.ts, for the benchmark that needs servers. */
test.skipIf(!there)('a small size of the benchmark of sinks: it runs, and what the stores have equals what was written', async () => {
  const runner = fileURLToPath(new URL('../../../bench/run.mjs', import.meta.url));
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>(resolve => {
    execFile(process.execPath, [runner, 'sinks', '--small', '--json'], (_error, out, err) => resolve({ stdout: out, stderr: err }));
  });
  expect(stderr).toContain('results equal: yes');
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { equal: boolean; ratios: object };
  expect(report.equal).toBe(true);
  expect(Object.values(report.ratios).every(ratio => Number.isFinite(ratio))).toBe(true);
});
