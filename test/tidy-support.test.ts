import { expect, test } from 'vitest';
import { cycles, edges, reachable } from './support/import-graph.ts';
import { functionLengths } from './support/long-functions.ts';
import { sourceFile, withoutStrings } from './support/source-files.ts';

/** The checks of tidy.test.ts must be able to fail: here their parts meet what they look for. */
test('every kind of import is seen, and none in comments', () => {
  const { references } = sourceFile('src/a/b.ts', `
import { one,
  two } from './one.js';
import type { T } from '../types.js';
import { type U } from 'third-party';
import type from './named-type.js';
import './effect.js';
export * from '../../native-free-kernels/load.js';
export type { V } from '../v.js';
// import './not.js';
/* import './neither.js'; */
const text = 'https://example.org'; // import('./nor-this.js')
const lazy = await import('./lazy.js');
type Q = import('../query.js').Q;
const file = new URL('./thread.js', import.meta.url);
`);
  expect(references.map(({ kind, specifier, target }) => [kind, target ?? specifier])).toEqual([
    ['static', 'src/a/one.ts'], ['type', 'src/types.ts'], ['static', 'third-party'], ['static', 'src/a/named-type.ts'],
    ['static', 'src/a/effect.ts'], ['static', 'native-free-kernels/load.ts'], ['type', 'src/v.ts'], ['type', 'src/query.ts'],
    ['dynamic', 'src/a/lazy.ts'], ['url', 'src/a/thread.ts'],
  ]);
});

test('circles are found, and what cannot be reached', () => {
  const file = (name: string, ...imports: string[]) => sourceFile(`src/${name}.ts`, imports.map(other => `import './${other}.js';`).join('\n'));
  const graph = edges([file('a', 'b'), file('b', 'c'), file('c', 'b'), file('d', 'a')], ['static']);
  expect(cycles(graph)).toEqual(['src/b.ts → src/c.ts → src/b.ts']);
  expect([...reachable(graph, ['src/a.ts'])].sort()).toEqual(['src/a.ts', 'src/b.ts', 'src/c.ts']);
});

test('functions are measured, blocks are not', () => {
  const body = '    work();\n'.repeat(5);
  const file = sourceFile('src/f.ts', `
export function plain(a: number): { x: number } {
${body}}
class C {
  async method(
    a: number,
  ): Promise<void> {
${body}  }
}
const arrow = (x: number): number => {
${body}};
if (true) {
${body}}
const factory = () => {
  const inner = () => {
${body}  };
  return inner;
};
`);
  expect(functionLengths(file).map(({ lines }) => lines)).toEqual([7, 7, 7, 3, 7]);
});

test('the text of strings is no code', () => {
  const code = "const a = 'any'; const b: any = `any`; // any";
  expect(withoutStrings(sourceFile('src/s.ts', code).code).match(/\bany\b/g)).toEqual(['any']);
});
