import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { program, type Ended } from './program.ts';
import { bounded } from './support.ts';

/**
 * A worker that is out of memory. Node ends the thread, and the job fails with a coded error; or, where one allocation passes the limit by
 * far, Node ends the whole process (how far is up to its version). So these jobs run in processes of their own, and whatever
 * happened, there is no output that looks complete.
 */
const folder = mkdtempSync(join(tmpdir(), 'millrace-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const job = (name: string, workerMemoryMb: number, path: string): string => `
  const engine = createEngine({ ...small, workerMemoryMb: ${workerMemoryMb} });
  const mapped = (name, sink) => stream(rows(endless()), Event).map(row => ({ n: call(name)(row.n) })).to(sink).run({ engine });
  const fails = promise => promise.then(() => console.log('finished'), error => console.log(error.message));
  await fails(mapped('${name}', jsonl(${JSON.stringify(path)})));
  await fails(mapped('same', collect()));
  await engine.close();
  console.log('closed');`;

function expectCodedError({ code, stdout, stderr }: Ended): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [first, second, third] = stdout.split('\n');
  expect(first).toMatch(/^WORKER_OUT_OF_MEMORY: .*Raise workerMemoryMb/);
  expect(second).toMatch(/^ENGINE_CLOSED: this engine cannot be used: a worker was lost.*Create a new one/);
  expect(third).toBe('closed');
}
const ABORTED = /fatal (error|javascript).*(out of memory|heap limit)/i;
/** Nothing that Millrace could still do or say: Node's own message and a status that is not 0. */
function expectAbort({ code, signal, stdout, stderr }: Ended): void {
  expect(stdout).toBe('');
  expect(stderr).toMatch(ABORTED);
  expect(code === null ? signal : code).not.toBe(0);
}

describe('a worker out of memory ends the job, or Node the process; neither leaves a file that looks complete', () => {
  const jobs: Record<string, [string, number]> = { 'a function that uses it up': ['hoards', 32], 'a worker without any to start with': ['same', 1] };
  for (const [name, [fn, memory]] of Object.entries(jobs)) {
    test(name, bounded, async () => {
      const path = join(folder, `${fn}.jsonl`);
      const ended = await program(job(fn, memory, path));
      expect(existsSync(path)).toBe(false);
      if (ABORTED.test(ended.stderr)) return expectAbort(ended);
      expectCodedError(ended);
      expect(existsSync(`${path}.partial`)).toBe(false);
    });
  }
});
