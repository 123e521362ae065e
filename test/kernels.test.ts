import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HeapViews } from '../native-free-kernels/heap-views.ts';
import { bindKernels, twinKernels } from '../native-free-kernels/load.ts';

const module = new WebAssembly.Module(readFileSync(new URL('../dist/native-free-kernels/kernels.wasm', import.meta.url)));

test('the kernels import nothing but the memory', () => {
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
});

test('instantiating leaves the heap unchanged', () => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 65_536, shared: true });
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(0xa5);
  bindKernels(module, memory);
  expect(bytes.every(byte => byte === 0xa5)).toBe(true);
});

test('every kernel has a twin', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true });
  const exported = WebAssembly.Module.exports(module).filter(({ kind }) => kind === 'function').map(({ name }) => name);
  expect(Object.keys(twinKernels(memory)).sort()).toEqual(exported.sort());
});

test('no two files have a kernel of the same name: one would take the place of the other', async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true });
  const files = readdirSync(new URL('../native-free-kernels/', import.meta.url)).flatMap(file => (/^[\w-]+\.ts$/.test(file) && file !== 'load.ts' ? [file.slice(0, -3)] : []));
  const modules = await Promise.all(files.map(file => import(`../native-free-kernels/${file}.ts`) as Promise<Record<string, unknown>>));
  const twins = modules.flatMap(module => Object.entries(module).filter(([name]) => name.endsWith('Twins')).map(([, make]) => make as (heap: unknown) => object));
  const names = twins.flatMap(make => Object.keys(make(new HeapViews(memory)))).sort();
  expect(names).toEqual(Object.keys(twinKernels(memory)).sort());
});
