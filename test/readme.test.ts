import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasEngine } from './support/engine.ts';
import { examples } from './support/readme.ts';
import { readText, root } from './support/source-files.ts';

const DOCUMENTS = ['README.md', 'CHANGELOG.md', 'src/README.md', 'examples/flights/README.md', 'examples/ad-campaigns/README.md', 'examples/local-days/README.md', ...readdirSync(new URL('docs', `file://${root}`)).map(name => `docs/${name}`)];
const folder = mkdtempSync(join(tmpdir(), 'millrace-readme-'));

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/millrace'), 'junction');
  symlinkSync(`${root}node_modules/@electric-sql`, join(folder, 'node_modules/@electric-sql'), 'junction');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the README has an example that runs', () => {
  expect(examples('README.md').length).toBeGreaterThan(0);
});

describe.skipIf(!hasEngine).each(DOCUMENTS.flatMap(examples))('the example in $document, line $line', ({ line, code, output, document }) => {
  test('runs as printed', async () => {
    const file = join(folder, `${document.replaceAll(/\W/g, '-')}-${line}.mjs`);
    writeFileSync(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder, timeout: 30_000 });
    if (output !== null) expect(stdout).toBe(output);
  });
});

test('documents link to files and headings that exist', () => {
  const headings = (document: string): string[] => [...readText(document).matchAll(/^#+ (.+)$/gm)]
    .map(match => match[1]!.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'));
  const lost: string[] = [];
  for (const document of DOCUMENTS) {
    for (const [, target] of readText(document).matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)) {
      const url = new URL(target!, `file:///${document}`);
      const path = url.pathname.slice(1);
      const found = ((): boolean => {
        try {
          return url.hash === '' ? readText(path) !== '' : headings(path).includes(url.hash.slice(1));
        } catch {
          return false;
        }
      })();
      if (!found) lost.push(`${document}: ${target}`);
    }
  }
  expect(lost).toEqual([]);
});
