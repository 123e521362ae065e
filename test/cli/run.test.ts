import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAKE_JOB } from './support/fake-job.ts';
import { Workshop } from './support/command.ts';

const workshop = new Workshop();
const millrace = workshop.millrace.bind(workshop);
beforeAll(() => workshop.write('job.mjs', FAKE_JOB));
afterAll(() => workshop.dispose());

const optionsOf = (stdout: string): unknown => JSON.parse(/^options (.*)$/m.exec(stdout)![1]!);
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)!;

describe('millrace run', () => {
  test('runs the job with the options given and no others', async () => {
    const plain = await millrace(['run', 'job.mjs']);
    expect(plain.code).toBe(0);
    expect(optionsOf(plain.stdout)).toEqual({ signal: {}, progressEveryMs: 100 });
    const all = await millrace(['run', '-w', '3', 'job.mjs', '--heap', '512MiB', '--on-bad-row', 'fail', '--partitioner=hash',
      '--batch-rows', '100', '--kernels', 'typescript', '--quiet']);
    expect(optionsOf(all.stdout)).toEqual({
      workers: 3, heap: '512MiB', onBadRow: 'fail', partitioner: 'hash', batchRows: 100, kernels: 'typescript', signal: {},
    });
  });

  test('prints a summary and, off a terminal, nothing that moves', async () => {
    const { code, stderr } = await millrace(['run', 'job.mjs', '--', 'slow', 'steps', '20']);
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/[\r\u001b]/);
    expect(stderr).toMatch(/^finished in .*: 20,000 rows read \(.* rows\/s\), 20 result rows emitted\n {2}source/);
  });

  test('says nothing with --quiet', async () => {
    expect(await millrace(['run', 'job.mjs', '-q'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('prints the final stats as the last line with --json', async () => {
    const { code, stdout, stderr } = await millrace(['run', 'job.mjs', '--json', '-q']);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(lastLine(stdout))).toMatchObject({
      state: 'finished', emitted: 3, error: null, sources: [{ read: 3000, applied: 3000, watermark: '9007199254740993' }],
    });
  });

  test('warns of dead letters, and fails for them only with --strict', async () => {
    const lax = await millrace(['run', 'job.mjs', '--quiet', '--', 'bad', '2']);
    expect(lax).toMatchObject({ code: 0, stderr: expect.stringMatching(/^warning: 2 rows dead-lettered;.*\n$/) as string });
    expect((await millrace(['run', 'job.mjs', '--strict', '--', 'bad', '2'])).code).toBe(3);
    expect((await millrace(['run', 'job.mjs', '--strict'])).code).toBe(0);
  });

  test('reports a failed job in one coded line', async () => {
    const { code, stderr, stdout } = await millrace(['run', 'job.mjs', '-q', '--json', '--', 'fail', 'SINK_FAILED']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^SINK_FAILED: it broke\n {2}because of Error: the cause\n {2}at job\.mjs:\d+:\d+\n$/);
    expect(JSON.parse(lastLine(stdout))).toMatchObject({ state: 'failed', error: { code: 'SINK_FAILED', message: 'SINK_FAILED: it broke' } });
  });

  test('tells a plan error from a failed job by its exit code', async () => {
    expect((await millrace(['run', 'job.mjs', '--', 'fail', 'PLAN_INVALID'])).code).toBe(2);
  });

  test('shows stacks with --verbose or MILLRACE_DEBUG', async () => {
    const stack = /\n {4}at .*job\.mjs/;
    expect((await millrace(['run', 'job.mjs', '--', 'fail', 'BAD_ROW'])).stderr).not.toMatch(stack);
    expect((await millrace(['run', 'job.mjs', '--verbose', '--', 'fail', 'BAD_ROW'])).stderr).toMatch(stack);
    expect((await millrace(['run', 'job.mjs', '--', 'fail', 'BAD_ROW'], { MILLRACE_DEBUG: '1' })).stderr).toMatch(stack);
  });

  test('ends with the job, whatever the job file left open', async () => {
    expect((await millrace(['run', 'job.mjs', '--', 'open'])).code).toBe(0);
  });

  test('never takes a job that waits for nothing for one that is done', async () => {
    const { code, stderr } = await millrace(['run', 'job.mjs', '--', 'hang']);
    expect([code, stderr]).toEqual([1, 'Error: the job stopped without an end: nothing was left to wait for\n']);
  });
});

test('a job file that exits is not taken for a job that is done', async () => {
  workshop.write('exits.mjs', 'process.exit(0);');
  const { code, stderr } = await millrace(['run', 'exits.mjs']);
  expect([code, stderr]).toEqual([1, 'Error: the job stopped without an end: the program called process.exit(0)\n']);
});

describe('millrace explain', () => {
  test('prints the stages', async () => {
    expect(await millrace(['explain', 'job.mjs'])).toEqual({ code: 0, stdout: 'source fake(rows)\n  sink nothing\n', stderr: '' });
  });
  test('prints the plan with --json, and passes arguments on', async () => {
    const { code, stdout } = await millrace(['explain', 'job.mjs', '--json', '--', 'a', '--help', '--']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ version: 1, args: ['a', '--help', '--'] });
  });
});
