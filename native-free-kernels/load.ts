import { readFileSync } from 'node:fs';
import { HeapViews } from './heap-views.js';
import { accumulateTwins, type AccumulateKernels } from './accumulate.js';
import { arithmeticTwins, type ArithmeticKernels } from './arithmetic.js';
import { columnTwins, type ColumnKernels } from './columns.js';
import { compareTwins, type CompareKernels } from './compare.js';
import { composeTwins, type ComposeKernels } from './compose.js';
import { finishTwins, type FinishKernels } from './finish.js';
import { floatTwins, type FloatKernels } from './float.js';
import { gatherTwins, type GatherKernels } from './gather.js';
import { groupTwins, type GroupKernels } from './group.js';
import { hashTwins, type HashKernels } from './hash.js';
import { joinColumnTwins, type JoinColumnKernels } from './join-columns.js';
import { joinLogTwins, type JoinLogKernels } from './join-log.js';
import { joinProbeTwins, type JoinProbeKernels } from './join-probe.js';
import { logicTwins, type LogicKernels } from './logic.js';
import { materialiseTwins, type MaterialiseKernels } from './materialise.js';
import { mergeTwins, type MergeKernels } from './merge.js';
import { partitionTwins, type PartitionKernels } from './partition.js';
import { probeTwins, type ProbeKernels } from './probe.js';
import { seenTwins, type SeenKernels } from './seen.js';
import { selectTwins, type SelectKernels } from './select.js';
import { sessionRunTwins, type SessionRunKernels } from './session-runs.js';
import { sessionTwins, type SessionKernels } from './sessions.js';
import { sliceTwins, type SliceKernels } from './slices.js';
import { stringTwins, type StringKernels } from './strings.js';
import { textTwins, type TextKernels } from './text.js';
import { timeTwins, type TimeKernels } from './time.js';
import { numberTextTwins, type NumberTextKernels } from './number-text.js';
import { eventTimeTwins, type EventTimeKernels } from './event-times.js';
import { versionTwins, type VersionKernels } from './versions.js';
import { wideHashTwins, type WideHashKernels } from './wide-hash.js';
import { wordTwins, type WordKernels } from './words.js';

/**
 * Every kernel of the engine, by name. Parameters are addresses and counts; i64 parameters are bigint. The Wasm kernels and their
 * TypeScript twins have one interface, so the engine does not know which of them it runs. Addresses that a Wasm kernel returns are
 * signed: take `>>> 0`.
 */
export type Kernels =
  & AccumulateKernels
  & ArithmeticKernels
  & ColumnKernels
  & CompareKernels
  & ComposeKernels
  & FinishKernels
  & FloatKernels
  & GatherKernels
  & GroupKernels
  & HashKernels
  & JoinColumnKernels
  & JoinLogKernels
  & JoinProbeKernels
  & LogicKernels
  & MaterialiseKernels
  & MergeKernels
  & PartitionKernels
  & ProbeKernels
  & NumberTextKernels
  & SeenKernels
  & SelectKernels
  & SessionKernels
  & SessionRunKernels
  & SliceKernels
  & StringKernels
  & TextKernels
  & EventTimeKernels
  & TimeKernels
  & VersionKernels
  & WideHashKernels
  & WordKernels;

export const compileKernels = (): WebAssembly.Module => new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));

export const bindKernels = (module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;

export const twinKernels = (memory: WebAssembly.Memory): Kernels => {
  const heap = new HeapViews(memory);
  return {
    ...accumulateTwins(heap),
    ...arithmeticTwins(heap),
    ...columnTwins(heap),
    ...compareTwins(heap),
    ...composeTwins(heap),
    ...finishTwins(heap),
    ...floatTwins(heap),
    ...gatherTwins(heap),
    ...groupTwins(heap),
    ...hashTwins(heap),
    ...joinColumnTwins(heap),
    ...joinLogTwins(heap),
    ...joinProbeTwins(heap),
    ...logicTwins(heap),
    ...materialiseTwins(heap),
    ...mergeTwins(heap),
    ...partitionTwins(heap),
    ...probeTwins(heap),
    ...numberTextTwins(heap),
    ...seenTwins(heap),
    ...selectTwins(heap),
    ...sessionRunTwins(heap),
    ...sessionTwins(heap),
    ...sliceTwins(heap),
    ...stringTwins(heap),
    ...textTwins(heap),
    ...eventTimeTwins(heap),
    ...timeTwins(heap),
    ...versionTwins(heap),
    ...wideHashTwins(heap),
    ...wordTwins(heap),
  };
};
