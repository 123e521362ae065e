import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
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
