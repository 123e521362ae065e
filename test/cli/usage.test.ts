import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPTIONS } from '../../src/cli/options.ts';
import { FAKE_JOB } from './support/fake-job.ts';
import { Workshop } from './support/command.ts';

const workshop = new Workshop();
const millrace = workshop.millrace.bind(workshop);
const JOB = '{ run() {}, stats() {}, plan() {}, explain: () => "it is a job" }';
const FILES: Record<string, string> = {
  'job.mjs': FAKE_JOB,
  'object.mjs': `export default ${JOB};`,
  'promise.mjs': `export default Promise.resolve(${JOB});`,
  'common.cjs': `module.exports = ${JOB};`,
  'named.mjs': 'export const job = 1, other = 2;',
  'pipeline.mjs': 'export default { to() {} };',
  'stats.mjs': 'export default { sources: [], emitted: 0 };',
  'lacking.mjs': 'export default { run() {}, plan() {} };',
  'number.mjs': 'export default () => 42;',
  'throws.mjs': 'const row = null;\nexport default row.field;',
  'plan.mjs': 'export default () => { throw Object.assign(new Error("UNKNOWN_COLUMN: no column \'x\'"), { name: "MillraceError", code: "UNKNOWN_COLUMN" }); };',
  'syntax.mjs': 'export default foo bar;',
  'job.txt': '',
};
beforeAll(() => { for (const [name, text] of Object.entries(FILES)) workshop.write(name, text); });
afterAll(() => workshop.dispose());

describe('help and version', () => {
  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await millrace(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
  test.each([[['--help']], [['-h']], [['help']]])('%s names commands and exit codes', async args => {
    const { code, stdout, stderr } = await millrace(args);
    expect([code, stderr]).toEqual([0, '']);
    for (const text of ['millrace run', 'millrace explain', 'Exit codes', '130']) expect(stdout).toContain(text);
  });
  test.each(['run', 'explain'] as const)('the help of %s names every option and fits a terminal', async command => {
    const { code, stdout } = await millrace([command, '--help']);
    expect(code).toBe(0);
    for (const { name } of OPTIONS[command]) expect(stdout).toContain(`--${name}`);
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(105);
    expect((await millrace(['help', command])).stdout).toBe(stdout);
  });
});

describe('a command that cannot be run', () => {
  test.each<[string, string[], string]>([
    ['no command', [], 'a command is missing'],
    ['unknown command', ['rum'], "unknown command 'rum'"],
    ['unknown first option', ['--foo'], "unknown option '--foo'"],
    ['no job file', ['run'], 'needs a job file'],
    ['unknown option', ['run', 'job.mjs', '--foo'], "unknown option '--foo'"],
    ['option of another command', ['explain', 'job.mjs', '--workers', '2'], "unknown option '--workers'"],
    ['two job files', ['run', 'job.mjs', 'b.mjs'], "unexpected argument 'b.mjs'"],
    ['no number', ['run', 'job.mjs', '--workers', 'many'], "not 'many'"],
    ['zero workers', ['run', 'job.mjs', '--workers', '0'], "not '0'"],
    ['negative workers', ['run', 'job.mjs', '--workers', '-1'], "begins with '-'"],
    ['missing value', ['run', 'job.mjs', '--heap'], '--heap'],
    ['empty value', ['run', 'job.mjs', '--heap='], '--heap needs a value'],
    ['bad choice', ['run', 'job.mjs', '--on-bad-row', 'skip'], "--on-bad-row is deadLetter or fail, not 'skip'"],
    ['value for a flag', ['run', 'job.mjs', '--json=1'], '--json'],
    ['help for nothing', ['help', 'rum'], "no help for 'rum'"],
    ['arguments for an object', ['run', 'object.mjs', '--', 'a'], 'takes no arguments'],
  ])('%s', async (_, args, problem) => {
    const { code, stdout, stderr } = await millrace(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^BAD_OPTION: .*\n$/);
    expect(stderr).toContain(problem);
  });
});

describe('a job file', () => {
  test.each(['object.mjs', 'promise.mjs', 'common.cjs'])('%s is one', async file => {
    expect(await millrace(['explain', file])).toEqual({ code: 0, stdout: 'it is a job\n', stderr: '' });
  });
  test.each([
    ['nowhere.mjs', "there is no job file 'nowhere.mjs'"],
    ['.', 'is not a file'],
    ['named.mjs', 'has no default export (it exports job, other)'],
    ['pipeline.mjs', 'pipeline without a sink: end it with .to(sink)'],
    ['stats.mjs', 'the stats of a finished run'],
    ['lacking.mjs', 'it lacks stats(), explain()'],
    ['number.mjs', 'exports a function that returned a number'],
    ['throws.mjs', 'TypeError'],
    ['syntax.mjs', "'node --check syntax.mjs' shows where"],
    ['job.txt', 'compile it'],
  ])('%s is none', async (file, problem) => {
    const { code, stdout, stderr } = await millrace(['run', file]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^BAD_FILE: /);
    expect(stderr).toContain(problem);
  });
  test('that throws is named with the line', async () => {
    expect((await millrace(['run', 'throws.mjs'])).stderr).toContain('\n  at throws.mjs:2:20\n');
  });
  test('whose plan is wrong gives the error of the plan', async () => {
    const { code, stderr } = await millrace(['explain', 'plan.mjs']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^UNKNOWN_COLUMN: no column 'x'\n {2}at plan\.mjs:1:\d+\n$/);
  });
});
