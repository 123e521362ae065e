import { readFileSync } from 'node:fs';
import { HeapViews } from './heap-views.js';
import { selectTwins, type SelectKernels } from './select.js';
import { columnTwins, type ColumnKernels } from './columns.js';
import { gatherTwins, type GatherKernels } from './gather.js';
import { compareTwins, type CompareKernels } from './compare.js';
import { logicTwins, type LogicKernels } from './logic.js';
import { arithmeticTwins, type ArithmeticKernels } from './arithmetic.js';
import { floatTwins, type FloatKernels } from './float.js';
import { textTwins, type TextKernels } from './text.js';
import { timeTwins, type TimeKernels } from './time.js';
import { numberTextTwins, type NumberTextKernels } from './number-text.js';
import { probeTwins, type ProbeKernels } from './probe.js';

/**
 * Every kernel of the engine, by name. Parameters are addresses and counts; i64 parameters are bigint. The Wasm kernels and their
 * TypeScript twins have one interface, so the engine does not know which of them it runs. Addresses that a Wasm kernel returns are
 * signed: take `>>> 0`.
 */
export type Kernels =
  & SelectKernels
  & ColumnKernels
  & GatherKernels
  & CompareKernels
  & LogicKernels
  & ArithmeticKernels
  & FloatKernels
  & ProbeKernels
  & NumberTextKernels
  & TextKernels
  & TimeKernels;

export const compileKernels = (): WebAssembly.Module => new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));

export const bindKernels = (module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;

export const twinKernels = (memory: WebAssembly.Memory): Kernels => {
  const heap = new HeapViews(memory);
  return {
    ...selectTwins(heap),
    ...columnTwins(heap),
    ...gatherTwins(heap),
    ...compareTwins(heap),
    ...logicTwins(heap),
    ...arithmeticTwins(heap),
    ...floatTwins(heap),
    ...probeTwins(heap),
    ...numberTextTwins(heap),
    ...textTwins(heap),
    ...timeTwins(heap),
  };
};
