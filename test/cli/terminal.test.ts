import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bin, Workshop } from './support/command.ts';
import { FAKE_JOB } from './support/fake-job.ts';

/** util-linux's `script` gives a command a terminal of its own. Other systems' take other options: then the line's unit tests must do. */
const probe = spawnSync('script', ['--version'], { encoding: 'utf8' });
const hasScript = probe.status === 0 && probe.stdout.includes('util-linux');

const workshop = new Workshop();
beforeAll(() => workshop.write('job.mjs', FAKE_JOB));
afterAll(() => workshop.dispose());

const onTerminal = (args: string): { code: number | null; output: string } => {
  const { status, stdout } = spawnSync('script', ['-qec', `"${process.execPath}" "${bin}" ${args}`, '/dev/null'],
    { cwd: workshop.folder, encoding: 'utf8', timeout: 20_000 });
  return { code: status, output: stdout };
};

test.skipIf(!hasScript)('a terminal gets a progress line that is gone at the end', () => {
  const { code, output } = onTerminal('run job.mjs -- slow steps 20');
  expect(code).toBe(0);
  expect(output).toMatch(/\d+ % .* rows\/s/);
  const [progress, summary] = output.split('finished in');
  expect(progress!.endsWith('\r\u001b[2K')).toBe(true);
  expect(summary).not.toContain('\u001b');
});

test.skipIf(!hasScript)('results printed on the same terminal stand on lines of their own', () => {
  const { output } = onTerminal('run job.mjs -- slow steps 20 results');
  for (let step = 1; step <= 20; step++) expect(output).toMatch(new RegExp(`(^|\\n|\\u001b\\[2K)result ${step * 1000}\\r\\n`));
});

test.skipIf(!hasScript)('--quiet is quiet on a terminal, too', () => {
  expect(onTerminal('run job.mjs --quiet -- slow steps 5').output).toMatch(/^options .*\r\n$/);
});
