import { readFileSync } from 'node:fs';
import { HeapViews } from './heap-views.js';
import { accumulateTwins, type AccumulateKernels } from './accumulate.js';
import { composeTwins, type ComposeKernels } from './compose.js';
import { finishTwins, type FinishKernels } from './finish.js';
import { groupTwins, type GroupKernels } from './group.js';
import { hashTwins, type HashKernels } from './hash.js';
import { materialiseTwins, type MaterialiseKernels } from './materialise.js';
import { mergeTwins, type MergeKernels } from './merge.js';
import { partitionTwins, type PartitionKernels } from './partition.js';
import { selectTwins, type SelectKernels } from './select.js';
import { textTwins, type TextKernels } from './text.js';
import { timeTwins, type TimeKernels } from './times.js';

/**
 * Every kernel of the engine, by name. Parameters are addresses and counts; i64 parameters are bigint. The Wasm kernels and their
 * TypeScript twins have one interface, so the engine does not know which of them it runs. Addresses that a Wasm kernel returns are
 * signed: take `>>> 0`.
 */
export type Kernels =
  & AccumulateKernels
  & ComposeKernels
  & FinishKernels
  & GroupKernels
  & HashKernels
  & MaterialiseKernels
  & MergeKernels
  & PartitionKernels
  & SelectKernels
  & TextKernels
  & TimeKernels;

export const compileKernels = (): WebAssembly.Module => new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));

export const bindKernels = (module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;

export const twinKernels = (memory: WebAssembly.Memory): Kernels => {
  const heap = new HeapViews(memory);
  return {
    ...accumulateTwins(heap),
    ...composeTwins(heap),
    ...finishTwins(heap),
    ...groupTwins(heap),
    ...hashTwins(heap),
    ...materialiseTwins(heap),
    ...mergeTwins(heap),
    ...partitionTwins(heap),
    ...selectTwins(heap),
    ...textTwins(heap),
    ...timeTwins(heap),
  };
};
