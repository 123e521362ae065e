import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAKE_JOB } from './support/fake-job.ts';
import { Workshop } from './support/command.ts';

const workshop = new Workshop();
beforeAll(() => workshop.write('job.mjs', FAKE_JOB));
afterAll(() => workshop.dispose());

describe.skipIf(process.platform === 'win32')('an interrupt', () => {
  test.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s finishes what is in flight and says so', async (signal, exitCode) => {
    const running = workshop.start(['run', 'job.mjs', '--json', '--', 'slow', 'steps', '100000', 'results']);
    await running.prints('result 3000');
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(new RegExp(`^${signal}: no more is read, finishing what is in flight`));
    expect(stderr).toMatch(/\nstopped in .*: [\d,]+ rows read/);
    expect(stderr).toContain(`\nstopped by ${signal}: `);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ state: 'stopped', error: null });
  });

  test('the second exits at once', async () => {
    const running = workshop.start(['run', 'job.mjs', '--', 'slow', 'steps', '100000', 'deaf', 'results']);
    await running.prints('result 2000');
    running.child.kill('SIGINT');
    await running.prints('finishing what is in flight');
    const before = Date.now();
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/exiting at once, results may be incomplete\n$/);
    expect(Date.now() - before).toBeLessThan(10_000);
  });

  test('that comes too late to stop anything changes nothing', async () => {
    const running = workshop.start(['run', 'job.mjs', '--', 'slow', 'steps', '4', 'deaf']);
    await running.prints('options');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('SIGINT: no more is read');
    expect(stderr).toContain('\nfinished in');
  });

  test('of a job that fails while it stops is still a failure', async () => {
    const running = workshop.start(['run', 'job.mjs', '--', 'slow', 'steps', '100000', 'results', 'fail', 'SINK_FAILED']);
    await running.prints('result 2000');
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(1);
  });
});
