import { compileKernels } from '../../native-free-kernels/load.js';
import { bindKernels, twinKernels, type Kernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import { CONTROL, CONTROL_BYTES, formatHeap } from '../heap/control.js';
import { Heap } from '../heap/heap.js';
import { PageAllocator, PageUse } from '../heap/page-allocator.js';
import type { Fields } from '../plan/types.js';
import { EngineTable } from './engine-table.js';
import { heapPages, oneOf, positiveInteger, workerCount } from './options.js';
import { Pool } from './pool.js';
import { StaticTables } from './static-tables.js';

/** Options of `createEngine`. */
export interface EngineOptions {
  /** Worker threads. Default: the machine's available parallelism, at most 16. */
  readonly workers?: number;
  /** Size of the shared heap, in bytes or as '512MiB', '4GiB'. Default: 4 GiB, or half of the memory available to the process if that is less. */
  readonly heap?: number | string;
  /** 'wasm' (default) or 'typescript', the slower twins of the same kernels. */
  readonly kernels?: 'wasm' | 'typescript';
  /** Limit of each worker's own JavaScript heap, in MiB. Default 1024. */
  readonly workerMemoryMb?: number;
}

/** Options of `engine.table`. */
export interface TableOptions {
  /** The texts that the codes of each dictionary column mean, by column: code 0 is the first. Needed for every dictionary column. */
  readonly dictionaries?: Readonly<Record<string, readonly string[]>>;
  /** For stats and errors. Default 'engine table'. */
  readonly name?: string;
}

/**
 * A shared heap and the worker threads over it, for one job after another. Tables built in its heap are read by jobs in place, and
 * stay until they are freed or the engine is closed.
 */
export class Engine {
  readonly workers: number;
  /** @internal */ readonly heap: Heap;
  /** @internal */ readonly pages: PageAllocator;
  /** @internal */ readonly kernels: Kernels;
  /** @internal */ readonly pool: Pool;
  /** @internal */ readonly staticTables: StaticTables;
  private busy = false;
  private broken: string | null = null;
  private endJob: ((error: MillraceError) => Promise<unknown>) | null = null;

  constructor(options: EngineOptions = {}) {
    this.workers = workerCount(options.workers);
    const pages = heapPages(options.heap, this.workers);
    const kind = oneOf('kernels', options.kernels, ['wasm', 'typescript'] as const);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.heap = new Heap(memory);
    formatHeap(this.heap);
    this.pages = new PageAllocator(this.heap);
    const module = compileKernels();
    this.kernels = kind === 'wasm' ? bindKernels(module, memory) : twinKernels(memory);
    this.staticTables = new StaticTables(this.heap, this.kernels, this.pages.for(PageUse.user));
    this.pool = new Pool(this.workers, { module, memory, kernels: kind }, positiveInteger('workerMemoryMb', options.workerMemoryMb, 1024));
  }

  /** A table in the engine's heap, to be filled batch by batch; `table.source()` is then a source that costs no copy. */
  table(schema: { readonly fields: Fields }, options: TableOptions = {}): EngineTable {
    return new EngineTable(this.heap, this.pages.for(PageUse.user), this.kernels, schema.fields, options);
  }

  /** Ends the threads, and with ENGINE_CLOSED a job that still runs. The heap goes when nothing refers to it any more. */
  async close(): Promise<void> {
    this.broken ??= 'it was closed';
    await this.endJob?.(new MillraceError('ENGINE_CLOSED', 'the engine was closed while the job ran'));
    await this.pool.destroy();
  }

  /** @internal Takes the engine for one job. */
  take(): void {
    if (this.broken) throw new MillraceError('ENGINE_CLOSED', `this engine cannot be used: ${this.broken}. Create a new one.`);
    if (this.busy) throw new MillraceError('BAD_OPTION', 'this engine runs a job already; an engine runs one at a time');
    this.busy = true;
  }
  /** @internal How `close` ends the job that was taken for: resolves when it has ended. */
  whenClosed(endJob: (error: MillraceError) => Promise<unknown>): void {
    this.endJob = endJob;
  }
  /** @internal A worker was lost: nobody knows what it left half-written. */
  breakDown(why: string): void {
    this.broken ??= why;
  }
  /** @internal Gives the engine back: what the job left in the heap is freed. REQUIRES: no worker runs. */
  release(): void {
    this.busy = false;
    this.endJob = null;
    this.renew();
  }
  /** @internal Frees what the job has in the heap. REQUIRES: no worker runs. */
  renew(): void {
    if (this.broken) return;
    this.heap.u8.fill(0, CONTROL, CONTROL + CONTROL_BYTES);
    formatHeap(this.heap);
    this.pages.reset();
  }
}

/** An engine to run jobs on: `job.run({ engine })`. Close it when done. */
export const createEngine = (options?: EngineOptions): Engine => new Engine(options);
