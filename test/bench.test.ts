import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** A small size of every benchmark: it runs, and its results equal the peer's. Ratios of a small run mean nothing and do not count. */
const runner = fileURLToPath(new URL('../bench/run.mjs', import.meta.url));
interface Outcome { code: number; stdout: string; stderr: string }
const run = (...args: string[]): Promise<Outcome> => new Promise(resolve => {
  execFile(process.execPath, [runner, ...args], (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }));
});

describe('benchmarks', () => {
  test.each(['ysb', 'groups', 'text', 'windows', 'late', 'latency', 'campaigns', 'joins'])('%s', async name => {
    const { code, stdout, stderr } = await run(name, '--small', '--json');
    expect(stderr).toContain('results equal: yes');
    const lines = stdout.trimEnd().split('\n');
    const report = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
    expect(lines.length).toBe(1);
    expect(Object.keys(report)).toEqual(expect.arrayContaining(['name', 'rows', 'rounds', 'ours', 'peers', 'ratios', 'required', 'equal', 'environment']));
    expect(report).toMatchObject({ name, equal: true });
    expect(Object.values(report.ratios as object).every(ratio => Number.isFinite(ratio))).toBe(true);
    expect(code).toBe(0);
  });

  test('are listed without a name, and a wrong command line is told so', async () => {
    const listed = await run();
    expect([listed.code, ...['ysb', 'groups', 'text', '--quick'].map(word => listed.stdout.includes(word))]).toEqual([0, true, true, true, true]);
    expect((await run('nope')).code).toBe(2);
    expect((await run('ysb', '--rows', 'many')).code).toBe(2);
  });
});
