import { Piscina } from 'piscina';
import { MillraceError, type ErrorCode } from '../errors.js';
import type { Plan } from '../plan/plan.js';
import { toMessage, type JobLayout } from '../worker/job-layout.js';
import type { DrainResult, ThreadData } from '../worker/thread.js';

/** Worker threads, each of which drains the queue of one job at a time. Piscina starts, stops and watches them. */
export class Pool {
  private readonly piscina: Piscina;

  constructor(
    readonly workers: number,
    data: ThreadData,
    memoryMb: number,
  ) {
    this.piscina = new Piscina({
      filename: new URL('../worker/entry.cjs', import.meta.url).href,
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
      stricterFIFO: true,
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    } as ConstructorParameters<typeof Piscina>[0]);
    // A thread that dies between tasks: the next run() tells.
    this.piscina.on('error', () => {});
  }

  /** One promise per worker: how its part of the job ended. It never rejects; `crashed` tells that the thread itself was lost. */
  drain(plan: Plan, stages: readonly JobLayout[]): Promise<{ error: MillraceError | null; crashed: boolean }>[] {
    const message = toMessage(plan, stages);
    return Array.from({ length: this.workers }, async (_, worker) => {
      try {
        const result = await this.piscina.run({ message, worker }) as DrainResult;
        return { error: result.ok ? null : asError(result), crashed: false };
      } catch (cause) {
        return { error: crashOf(cause), crashed: true };
      }
    });
  }

  /** Ends the threads, whatever they do. */
  async destroy(): Promise<void> {
    await this.piscina.destroy();
  }
}

function asError({ code, message }: { code: string; message: string }): MillraceError {
  return new MillraceError(code as ErrorCode, message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message);
}

function crashOf(cause: unknown): MillraceError {
  const { code, message } = cause as { code?: string; message?: string };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new MillraceError('WORKER_OUT_OF_MEMORY', 'a worker ran out of its own JavaScript memory, most likely in a user-defined function. Raise workerMemoryMb, or keep less there.', { cause });
  }
  return new MillraceError('WORKER_EXITED', `a worker thread ended on its own (${message ?? String(cause)}), most likely by process.exit or an uncaught error in a user-defined function. The job's state is lost with it; run the job anew.`, { cause });
}
