import { readFileSync } from 'node:fs';
import { HeapViews } from './heap-views.js';
import { selectTwins, type SelectKernels } from './select.js';
import { textTwins, type TextKernels } from './text.js';

/**
 * Every kernel of the engine, by name. Parameters are addresses and counts; i64 parameters are bigint. The Wasm kernels and their
 * TypeScript twins have one interface, so the engine does not know which of them it runs. Addresses that a Wasm kernel returns are
 * signed: take `>>> 0`.
 */
export type Kernels = SelectKernels & TextKernels;

export const compileKernels = (): WebAssembly.Module => new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));

export const bindKernels = (module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;

export const twinKernels = (memory: WebAssembly.Memory): Kernels => {
  const heap = new HeapViews(memory);
  return { ...selectTwins(heap), ...textTwins(heap) };
};
