import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { MIDNIGHTS, momentsOf } from './pipelines/midnights.ts';
import { hasEngine } from './support/engine.ts';
import { KERNELS } from './support/kernels.ts';

/**
 * Golden pipelines: a job file, its input and what must come out, run by the command. Lines are compared in sorted order, since results
 * of a window have none of their own, and revisions and what is taken back are folded. A new one is a folder with `pipeline.mjs`, `input/` and `expected/`; if
 * `expected/` has folders, there is a run for each, which gets its name as an argument.
 */
const root = fileURLToPath(new URL('./pipelines/', import.meta.url));
const command = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const foldersIn = (path: string): string[] => readdirSync(path, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name);
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').filter(line => line !== '');

interface Run { readonly name: string; readonly run: string; readonly expected: string }
const RUNS = foldersIn(root).flatMap((name): Run[] => {
  const expected = join(root, name, 'expected');
  const runs = foldersIn(expected);
  return runs.length === 0 ? [{ name, run: '', expected }] : runs.map(run => ({ name, run, expected: join(expected, run) }));
});
const OPTIONS = ['--workers 2', '--workers 1 --batch-rows 2', '--workers 2 --partitioner hash'].map(options => `${options} --kernels ${KERNELS}`);
/** Each with one of the options, the next in turn. The slower twins run every second pipeline, once. */
const CHOSEN = KERNELS === 'wasm' ? RUNS : RUNS.filter(({ name }, index) => RUNS.findIndex(run => run.name === name) === index).filter((_, index) => index % 2 === 0);
const CASES = CHOSEN.map((run, index) => ({ ...run, options: OPTIONS[index % OPTIONS.length]! }));

test.skipIf(!hasEngine).each(CASES)('the pipeline $name $run gives what is expected with $options', async ({ name, run, expected, options }) => {
  const out = mkdtempSync(join(tmpdir(), `millrace-${name}-`));
  try {
    const args = ['run', 'pipeline.mjs', '--quiet', '--heap', '256MiB', ...options.split(' '), '--', 'input', out, run];
    await promisify(execFile)(process.execPath, [command, ...args], { cwd: join(root, name), timeout: 30_000 });
    expect(readdirSync(out).toSorted()).toEqual(readdirSync(expected).toSorted());
    for (const file of readdirSync(expected)) {
      const wanted = linesOf(join(expected, file));
      const got = linesOf(join(out, file));
      // Where what is expected has no versions, it is what the revisions amount to; where it has no marks, what was not taken back.
      const lacks = (column: string): boolean => file.endsWith('.jsonl') && !wanted.some(line => line.includes(`"${column}"`));
      const rows = lacks('retracted') ? withoutRetracted(got) : got;
      expect((lacks('version') ? folded(rows) : rows).toSorted(), file).toEqual(wanted.toSorted());
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

/** The files are written by `vitest -u`: from this reference, never from the engine. */
test.each(RUNS.filter(({ name }) => name in MIDNIGHTS))('what is expected of $name $run is what its definition says', async ({ name, run, expected }) => {
  const files = MIDNIGHTS[name]!(momentsOf(join(root, name, 'input/moments.jsonl')), run);
  for (const [file, lines] of Object.entries(files)) await expect(`${lines.toSorted().join('\n')}\n`).toMatchFileSnapshot(join(expected, file));
});

/** Of the revisions of one result the one with the greatest version, unless that takes it back. The columns before `version` say which result it is. */
function folded(lines: readonly string[]): string[] {
  const results = new Map<string, Record<string, unknown>>();
  for (const line of lines) {
    const row = JSON.parse(line) as Record<string, unknown>;
    if (!('version' in row)) return [...lines];
    const key = JSON.stringify(Object.entries(row).slice(0, Object.keys(row).indexOf('version')));
    const before = results.get(key);
    if (before === undefined || (row['version'] as number) > (before['version'] as number)) results.set(key, row);
  }
  return [...results.values()].filter(row => row['deleted'] !== true).map(({ version: _version, deleted: _deleted, ...row }) => JSON.stringify(row));
}

/** Rows that came and were not taken back. */
function withoutRetracted(lines: readonly string[]): string[] {
  const left: string[] = [];
  for (const line of lines) {
    const { retracted, ...row } = JSON.parse(line) as Record<string, unknown>;
    if (retracted === undefined) return [...lines];
    const text = JSON.stringify(row);
    if (retracted !== true) left.push(text);
    else if (left.includes(text)) left.splice(left.indexOf(text), 1);
    else throw new Error(`taken back, and never given out: ${line}`);
  }
  return left;
}
