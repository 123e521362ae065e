import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { hasEngine } from './support/engine.ts';
import { KERNELS } from './support/kernels.ts';

/**
 * Golden pipelines: a job file, its input and what must come out, run by the command. Lines are compared in sorted order, since results
 * of a window have none of their own. A new one is a folder with `pipeline.mjs`, `input/` and `expected/`.
 */
const root = fileURLToPath(new URL('./pipelines/', import.meta.url));
const command = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n').toSorted();

describe.skipIf(!hasEngine).each(readdirSync(root))('the pipeline %s', name => {
  test.each([
    ['two workers', ['--workers', '2']],
    ['one worker, batches of two rows', ['--workers', '1', '--batch-rows', '2']],
    ['hash regions', ['--workers', '2', '--partitioner', 'hash']],
  ])('gives what is expected with %s', async (_options, options) => {
    const folder = join(root, name);
    const out = mkdtempSync(join(tmpdir(), `millrace-${name}-`));
    try {
      const args = ['run', 'pipeline.mjs', '--quiet', '--heap', '256MiB', '--kernels', KERNELS, ...options, '--', 'input', out];
      await promisify(execFile)(process.execPath, [command, ...args], { cwd: folder, timeout: 30_000 });
      const expected = join(folder, 'expected');
      expect(readdirSync(out).toSorted()).toEqual(readdirSync(expected).toSorted());
      for (const file of readdirSync(expected)) expect(linesOf(join(out, file)), file).toEqual(linesOf(join(expected, file)));
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
