import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { service } from '../../support/services.ts';

const broker = await service('kafka');

/** As in test/bench.test.ts, for the benchmark that needs a broker. */
test.skipIf(broker === null)('a small size of the benchmark of Kafka: it runs, and its results equal those of the peers', async () => {
  const runner = fileURLToPath(new URL('../../../bench/run.mjs', import.meta.url));
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>(resolve => {
    execFile(process.execPath, [runner, 'kafka', '--small', '--json'], (_error, out, err) => resolve({ stdout: out, stderr: err }));
  });
  expect(stderr).toContain('results equal: yes');
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { name: string; equal: boolean; ratios: object };
  expect(report).toMatchObject({ name: 'kafka', equal: true });
  expect(Object.values(report.ratios).every(ratio => Number.isFinite(ratio))).toBe(true);
});
