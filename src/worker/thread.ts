import { workerData } from 'piscina';
import { bindKernels, twinKernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import { checkHeap, poison } from '../heap/control.js';
import { Heap } from '../heap/heap.js';
import { Poisoned } from '../heap/lock.js';
import { PageAllocator } from '../heap/page-allocator.js';
import { Drain } from './drain.js';
import { fromMessage, type JobMessage } from './job-layout.js';
import { ScratchArena } from './scratch-arena.js';
import { loadFunctions } from './udf-loader.js';

/** What a pool gives each of its threads for life. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly kernels: 'wasm' | 'typescript';
}
export type DrainResult = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

const { module, memory, kernels: kind } = workerData as ThreadData;
const heap = new Heap(memory);
checkHeap(heap);
const kernels = kind === 'wasm' ? bindKernels(module, memory) : twinKernels(memory);
const pages = new PageAllocator(heap);

/** A pool's task: drain the queue of one job until told to stop. Errors come back as plain data: a pool loses their codes. */
export default async function drain({ message, worker }: { message: JobMessage; worker: number }): Promise<DrainResult> {
  try {
    const { plan, stages } = fromMessage(message);
    const udfs = await loadFunctions(plan);
    new Drain({ heap, kernels, pages, scratch: new ScratchArena(pages, heap) }, stages, worker, udfs).loop();
    return { ok: true };
  } catch (error) {
    // The thread that failed first tells why; the others only saw its poison.
    if (error instanceof Poisoned) return { ok: true };
    poison(heap);
    if (error instanceof MillraceError) return { ok: false, code: error.code, message: error.message };
    return { ok: false, code: 'WORKER_FAILED', message: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error) };
  }
}
