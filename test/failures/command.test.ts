import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { Workshop } from '../cli/support/command.ts';
import { bounded } from './support.ts';

const workshop = new Workshop();
afterAll(() => workshop.dispose());
const built = pathToFileURL(join(import.meta.dirname, '../../dist/src/index.js')).href;

/** Arguments: input, output. Input `endless` never ends; `ends` has a bad row. */
workshop.write('job.mjs', `
import { callback, count, jsonl, rows, schema, stream, t, tumbling } from '${built}';
const Event = schema({ key: t.utf8, n: t.int64, at: t.timestamp });
async function* endless() {
  for (let n = 0; ; n++) {
    if (n % 1000 === 0) await new Promise(resolve => setTimeout(resolve, 1));
    yield { key: 'key ' + n % 3, n, at: n };
  }
}
function* ends() {
  for (let n = 0; n < 5000; n++) yield n === 4321 ? { key: null, n, at: n } : { key: 'key ' + n % 3, n, at: n };
}
export default ([input, output]) => {
  const events = stream(rows(input === 'endless' ? endless() : ends()), Event);
  const sink = output === 'broken' ? callback(() => { throw new Error('the disk is full'); }) : jsonl(output);
  if (input === 'copied') return events.to(sink);
  return events.eventTime('at', { outOfOrderness: 0 }).groupBy('key').window(tumbling(100)).aggregate(() => ({ n: count() })).to(sink);
};
`);
const RUN = ['run', 'job.mjs', '--workers', '2', '--heap', '64MiB'];
const path = (name: string): string => join(workshop.folder, name);

test('Ctrl-C finishes what is in flight, says what was done, and exits with 130', bounded, async () => {
  const running = workshop.start([...RUN, '--batch-rows', '500', '--', 'endless', 'stopped.jsonl']);
  while (!existsSync(path('stopped.jsonl.partial')) || readFileSync(path('stopped.jsonl.partial')).length < 1000) await new Promise(resolve => setTimeout(resolve, 20));
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect([code, stdout]).toEqual([130, '']);
  expect(stderr).toMatch(/SIGINT: no more is read, finishing what is in flight/);
  expect(stderr).toMatch(/^stopped in .* rows read/m);
  expect(stderr).toMatch(/stopped by SIGINT: what had been read was finished; the results do not cover the rest of the input/);
  // A whole file, of whole windows.
  const lines = readFileSync(path('stopped.jsonl'), 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as { n: number });
  expect(lines.length % 3).toBe(0);
  expect(lines.every(({ n }) => n === 33 || n === 34)).toBe(true);
  expect(existsSync(path('stopped.jsonl.partial'))).toBe(false);
});

test('a bad row is warned of, --strict and --on-bad-row fail make it an error', bounded, async () => {
  const lenient = await workshop.millrace([...RUN, '--', 'ends', 'lenient.jsonl']);
  expect([lenient.code, /warning: 1 row dead-lettered/.test(lenient.stderr), existsSync(path('lenient.jsonl'))]).toEqual([0, true, true]);
  expect((await workshop.millrace([...RUN, '--strict', '--', 'ends', 'strict.jsonl'])).code).toBe(3);
  const failed = await workshop.millrace([...RUN, '--on-bad-row', 'fail', '--json', '--', 'ends', 'failed.jsonl']);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/^BAD_ROW: row 4321 of rows: NULL_IN_NON_NULL: column 'key' is null/m);
  expect(JSON.parse(failed.stdout)).toMatchObject({ state: 'failed', error: { code: 'BAD_ROW' } });
  expect(readdirSync(workshop.folder).filter(name => name.startsWith('failed'))).toEqual([]);
});

test('a failing sink ends the command with 1, one error, and no file', bounded, async () => {
  const broken = await workshop.millrace([...RUN, '--', 'endless', 'broken']);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toMatch(/^SINK_FAILED: the sink callback failed: the disk is full$/m);
  const nowhere = await workshop.millrace([...RUN, '--quiet', '--', 'ends', 'no/such/folder.jsonl']);
  expect([nowhere.code, nowhere.stderr.split('\n')[0]]).toEqual([1, expect.stringMatching(/^SINK_FAILED: jsonl\(no\/such\/folder\.jsonl\): ENOENT/)]);
  expect(nowhere.stderr).not.toMatch(/\n {4}at /);
});

test('a reader of the output that goes away ends the command', bounded, async () => {
  const running = workshop.start([...RUN, '--quiet', '--', 'endless', '-']);
  running.child.stdout.once('data', () => running.child.stdout.destroy());
  const { code, stderr } = await running.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^SINK_FAILED: jsonl\(standard input\/output\): .*EPIPE/);
  expect(stderr.trimEnd().split('\n').length).toBe(1);
});

test('a heap too small is an error of use', bounded, async () => {
  const { code, stderr } = await workshop.millrace(['run', 'job.mjs', '--heap', '1MiB', '--', 'ends', 'small.jsonl']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^HEAP_TOO_SMALL: .*give at least \d+MiB/);
  expect(existsSync(path('small.jsonl'))).toBe(false);
});
