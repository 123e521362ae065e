import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasEngine } from './support/engine.ts';
import { examples } from './support/readme.ts';
import { readText } from './support/source-files.ts';
import { install, pack, run, type Tarball } from './support/tarball.ts';

const manifest = JSON.parse(readText('package.json')) as {
  version: string;
  bin: Record<string, string>;
  exports: Record<string, string | { types: string; default: string }>;
};
const MAX_PACKED_BYTES = 750_000;

/** The published package: packed, installed in an empty folder, used there. */
describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'));
  const user = join(folder, 'user');
  let tarball: Tarball;
  let how: 'npm' | 'by hand';

  beforeAll(async () => {
    mkdirSync(user);
    tarball = await pack(folder);
    how = await install(tarball, user);
    if (how !== 'npm') console.warn('no registry could be reached: the package was unpacked by hand');
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds what is needed to run and read it', () => {
    const wanted = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/native-free-kernels/kernels.wasm', 'dist/src/index.js',
      'dist/src/index.d.ts', ...Object.values(manifest.bin)];
    expect(tarball.files).toEqual(expect.arrayContaining(wanted));
  });

  test.skipIf(!hasEngine)('holds everything its exports name', () => {
    const paths = Object.values(manifest.exports).flatMap(entry => typeof entry === 'string' ? [entry] : [entry.types, entry.default]);
    expect(tarball.files).toEqual(expect.arrayContaining(paths.map(path => path.replace(/^\.\//, ''))));
  });

  test('holds nothing else', () => {
    const allowed = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/src\/worker\/entry\.(cjs|d\.cts)|dist\/(src|native-free-kernels)\/.*\.(js|d\.ts|wasm))$/;
    expect(tarball.files.filter(path => !allowed.test(path) || /\.(test|bench)\.|tsbuildinfo/.test(path))).toEqual([]);
    expect(tarball.size).toBeLessThan(MAX_PACKED_BYTES);
  });

  test('has a command', async () => {
    const { code, stdout } = await run(join(user, 'node_modules/.bin/millrace'), ['--version'], user, 20_000)
      .then(finished => how === 'npm' ? finished : run(process.execPath, [join(user, 'node_modules/millrace', manifest.bin['millrace']!), '--version'], user, 20_000));
    expect([code, stdout]).toEqual([0, `${manifest.version}\n`]);
    expect(readFileSync(join(user, 'node_modules/millrace', manifest.bin['millrace']!), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test('can be imported', async () => {
    const { code, stderr } = await run(process.execPath, ['--input-type=module', '-e', "await import('millrace');"], user, 20_000);
    expect([code, stderr]).toEqual([0, '']);
  });

  test.skipIf(!hasEngine)('runs the pipeline of the README, workers and all', async () => {
    const [example] = examples('README.md');
    writeFileSync(join(user, 'readme.mjs'), example!.code);
    const { code, stdout, stderr } = await run(process.execPath, ['readme.mjs'], user, 60_000);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(example!.output);
  });
});
