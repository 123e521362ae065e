import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OPTIONS } from '../src/cli/options.ts';
import { DEAD_LETTER_REASONS, ERROR_CODES } from '../src/errors.ts';
import { cycles, edges, reachable } from './support/import-graph.ts';
import { functionLengths } from './support/long-functions.ts';
import { readText, root, sourceFiles, withoutStrings, type SourceFile } from './support/source-files.ts';

/** The style of the project as a test. Each check lists all offenders at once. */
const src = sourceFiles('src');
const kernels = sourceFiles('native-free-kernels');
const product = [...src, ...kernels];

/**
 * Imports go from a higher rank to a lower one or stay in it. Types may be imported from anywhere but the command: they are gone at run
 * time.
 */
const RANKS: Readonly<Record<string, number>> = {
  'native-free-kernels': 0, 'errors.ts': 0,
  heap: 1,
  plan: 2, batch: 2,
  expression: 3, connectors: 3,
  state: 4, window: 4,
  aggregate: 5, join: 5,
  worker: 6,
  coordinator: 7,
  pipeline: 8,
  'index.ts': 9,
  cli: 10,
};
/** First folder or file below src. */
const place = (path: string): string => path.startsWith('src/') ? path.split('/')[1]! : path.split('/')[0]!;

/** At run time one file imports each third-party package; where it is said here, that file. Piscina has one on each side of its threads. */
const HOMES: Readonly<Record<string, RegExp>> = {
  'apache-arrow': /^src\/batch\/arrow\.ts$/,
  piscina: /^src\/(coordinator\/pool|worker\/thread)\.ts$/,
  'temporal-polyfill': /^src\/window\/zone\.ts$/,
  hyparquet: /^src\/connectors\/parquet/,
  'hyparquet-compressors': /^src\/connectors\/parquet/,
  'hyparquet-writer': /^src\/connectors\/parquet/,
};

const MAX_FILE_LINES = 300;
const USUAL_FILE_LINES = 160;
const MAX_FUNCTION_LINES = 80;

describe('imports', () => {
  const pairs = (files: readonly SourceFile[], kinds: readonly string[]) => files.flatMap(file =>
    file.references.filter(({ kind }) => kinds.includes(kind)).map(reference => ({ file: file.path, ...reference })));

  test('every folder of src has its rank', () => {
    expect([...new Set(product.map(({ path }) => place(path)))].filter(name => RANKS[name] === undefined)).toEqual([]);
  });

  test('go one way', () => {
    const upwards = pairs(product, ['static', 'url'])
      .filter(({ target }) => target?.endsWith('.ts'))
      .filter(({ file, target }) => RANKS[place(file)]! < RANKS[place(target!)]!)
      .map(({ file, target }) => `${file} → ${target}`);
    expect(upwards).toEqual([]);
  });

  test('never come from the command, from tests or from benchmarks', () => {
    const wrong = pairs(product, ['static', 'type', 'dynamic', 'url'])
      .filter(({ file, target }) => target !== null && (
        !(/^(src|native-free-kernels)\//.test(target) || target.endsWith('package.json')) || (target.startsWith('src/cli/') && !file.startsWith('src/cli/'))))
      .map(({ file, target }) => `${file} → ${target}`);
    expect(wrong).toEqual([]);
  });

  test('form no circle', () => {
    expect(cycles(edges(product, ['static']))).toEqual([]);
  });

  test('of files lead to files', () => {
    const lost = pairs(product, ['static', 'type', 'dynamic', 'url'])
      .filter(({ target }) => target?.endsWith('.ts') && !existsSync(root + target))
      .map(({ file, target }) => `${file} → ${target}`);
    expect(lost).toEqual([]);
  });

  test('of third-party packages are declared, and each has one home', () => {
    const manifest = JSON.parse(readText('package.json')) as Record<'dependencies' | 'peerDependencies', Record<string, string>>;
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    const importers = new Map<string, Set<string>>();
    for (const { file, specifier, target } of pairs(product, ['static', 'dynamic'])) {
      if (target !== null || specifier.startsWith('node:')) continue;
      const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
      importers.set(name, (importers.get(name) ?? new Set()).add(file));
    }
    for (const [name, files] of importers) {
      expect(Object.keys(declared), `${[...files].join(', ')} imports it`).toContain(name);
      expect([...files].filter(file => !(HOMES[name] ?? /./).test(file)), `${name} has another home`).toEqual([]);
      expect(files.size, `${name} is imported by ${[...files].join(', ')}`).toBeLessThanOrEqual(name === 'piscina' ? 2 : 1);
    }
  });

  // The parts exist before the engine that joins them: there is nothing to reach them from yet.
  test.skipIf(readText('src/index.ts').trim() === 'export {};')('reach every file from an entry point', () => {
    const manifest = JSON.parse(readText('package.json')) as { exports: Record<string, { default?: string }>; bin: Record<string, string> };
    const built = [...Object.values(manifest.exports).map(entry => entry.default), ...Object.values(manifest.bin)];
    const entries = built.filter(path => path !== undefined).map(path => path.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '.ts'));
    const seen = reachable(edges(product, ['static', 'type', 'dynamic', 'url']), entries);
    expect(entries.filter(path => !existsSync(root + path))).toEqual([]);
    expect(product.map(({ path }) => path).filter(path => !seen.has(path))).toEqual([]);
  });
});

describe('size', () => {
  const sizes = product.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
  test('no file is very long', () => {
    expect(sizes.filter(({ lines }) => lines > MAX_FILE_LINES)).toEqual([]);
  });
  test('nine files in ten are short', () => {
    const long = sizes.filter(({ lines }) => lines > USUAL_FILE_LINES);
    expect(long.length / sizes.length, long.map(({ path, lines }) => `${path}: ${lines}`).join(', ')).toBeLessThanOrEqual(0.1);
  });
  test('no function is long', () => {
    expect(product.flatMap(functionLengths).filter(({ lines }) => lines > MAX_FUNCTION_LINES)).toEqual([]);
  });
});

describe('words', () => {
  const where = (files: readonly SourceFile[], pattern: RegExp, text: (file: SourceFile) => string): string[] =>
    files.flatMap(file => text(file).split('\n').flatMap((line, i) => pattern.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : []));

  test('nothing is of type any', () => {
    expect(where(product, /(?<![.\w$])any\b(?!\s*[(:])/, file => withoutStrings(file.code))).toEqual([]);
  });
  test('nothing is left to do', () => {
    expect(where(product, /\b(TODO|FIXME|XXX|HACK)\b/, file => file.text)).toEqual([]);
  });
});

describe('documents', () => {
  test('docs/errors.md describes every error code and no other', () => {
    const described = [...readText('docs/errors.md').matchAll(/^### `(\w+)`$/gm)].map(match => match[1]!);
    expect(described.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });
  test('docs/errors.md describes every reason of a dead letter', () => {
    const described = [...readText('docs/errors.md').matchAll(/^\| `(\w+)` \|/gm)].map(match => match[1]!);
    expect(described.toSorted()).toEqual([...DEAD_LETTER_REASONS].toSorted());
    expect(DEAD_LETTER_REASONS.filter(reason => !readText('docs/semantics.md').includes(`\`${reason}\``))).toEqual([]);
  });
  test('docs/cli.md describes every option of the command', () => {
    const text = readText('docs/cli.md');
    expect(OPTIONS.run.filter(({ name }) => !text.includes(`--${name}`)).map(({ name }) => name)).toEqual([]);
  });
  test('README.md describes every option of a run', () => {
    const declared = /export interface RunOptions \{\n([\s\S]*?)^\}/m.exec(readText('src/coordinator/job-types.ts'))![1]!;
    const names = [...declared.matchAll(/^ {2}readonly (\w+)\?/gm)].map(match => match[1]!);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter(name => !readText('README.md').includes(`\`${name}\``))).toEqual([]);
  });
  test('package-lock.json names no host', () => {
    expect(readText('package-lock.json').match(/"resolved": "https?:[^"]*"/g)).toBeNull();
  });
  // npm leaves them out where a registry lacks them, and then `npm ci` refuses the file.
  test('package-lock.json has the optional packages of every platform', () => {
    const { packages } = JSON.parse(readText('package-lock.json')) as { packages: Record<string, { optionalDependencies?: Record<string, string> }> };
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
    const listed = Object.keys(packages);
    expect(wanted.filter(name => !listed.some(path => path.endsWith(`node_modules/${name}`)))).toEqual([]);
  });
});
