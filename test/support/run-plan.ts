import { existsSync } from 'node:fs';
import { afterAll } from 'vitest';
import type { ResultBatch, Sink } from '../../src/connectors/sink.ts';
import type { Source, SourceContext, SourceItem, SourceReader } from '../../src/connectors/source.ts';
import type { Engine, EngineOptions } from '../../src/coordinator/engine.ts';
import type { JobDescription, JobStats, RunningJob, RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { VirtualClock } from './clock.ts';
import { KERNELS } from './kernels.ts';

/** Runs plans on the built engine, from batches of rows that a test has cut itself into lists that it can look at. */

const built = new URL('../../dist/src/coordinator/run.js', import.meta.url);
export const hasEngine: boolean = existsSync(built);

export async function runJob(job: JobDescription, options: RunOptions = {}): Promise<RunningJob> {
  const module = await import(built.href) as { runJob(job: JobDescription, options: RunOptions): RunningJob };
  return module.runJob(job, options.engine ? options : { kernels: KERNELS, ...options });
}

/** One engine for all jobs of a test file with the same workers and kernels: starting threads costs more than most jobs do. */
const engines = new Map<string, Promise<Engine>>();
const engineKey = ({ workers, kernels }: RunOptions): string => `${workers ?? 1} ${kernels ?? KERNELS}`;
function engineFor(options: RunOptions): Promise<Engine> {
  const create = async (): Promise<Engine> => {
    const module = await import(new URL('./engine.js', built).href) as { createEngine(options: EngineOptions): Engine };
    return module.createEngine({ workers: options.workers ?? 1, kernels: options.kernels ?? KERNELS, heap: '512MiB' });
  };
  const engine = engines.get(engineKey(options)) ?? create();
  engines.set(engineKey(options), engine);
  return engine;
}
async function dropEngine(options: RunOptions): Promise<void> {
  const engine = await engines.get(engineKey(options));
  engines.delete(engineKey(options));
  await engine?.close();
}
afterAll(async () => {
  for (const engine of engines.values()) await (await engine).close();
});

/** Gives exactly these batches, one item each. */
export class BatchSource implements Source {
  readonly bounded: boolean = true;
  readonly dictionaries: boolean = true;
  /** `each` is called before each batch. */
  constructor(readonly name: string, private readonly batches: readonly (readonly unknown[])[], private readonly each: () => void = () => {}) {}
  read(_context: SourceContext): Promise<SourceReader> {
    let next = 0;
    return Promise.resolve({
      next: (): Promise<SourceItem | null> => {
        this.each();
        const rows = this.batches[next++];
        return Promise.resolve(rows === undefined ? null : { kind: 'rows', rows });
      },
      close: () => Promise.resolve(),
    });
  }
}

export class ListSink implements Sink {
  readonly rows: Row[] = [];
  state: 'new' | 'open' | 'closed' | 'aborted' = 'new';
  constructor(readonly name: string) {}
  open(): void { this.state = 'open'; }
  write(batch: ResultBatch): void { for (const row of batch.toRows()) this.rows.push(row); }
  close(): void { this.state = 'closed'; }
  abort(): void { this.state = 'aborted'; }
}

export interface EngineResult {
  readonly rows: Row[];
  readonly stats: JobStats;
  /** Rows of DEAD_LETTER_FIELDS. */
  readonly letters: Row[];
  readonly late: Row[];
}

/** `sources[i]`: the batches of the i-th branch. A clock that stands still moves on by 1 ms with each of them. Rejects as the job does. */
export function runEngine(plan: Plan, sources: readonly (readonly (readonly unknown[])[])[], options: RunOptions = {}): Promise<EngineResult> {
  const { clock } = options;
  const tick = clock instanceof VirtualClock ? (): void => clock.advance(1) : undefined;
  return runSources(plan, sources.map((batches, i) => new BatchSource(plan.stages[0]!.branches[i]?.source.name ?? `source${i}`, batches, tick)), options);
}

/** Runs a plan to its end and lists what it gave out. Rejects as the job does. */
export async function runSources(plan: Plan, sources: readonly Source[], options: RunOptions): Promise<EngineResult> {
  const { rows, letters, late, done } = await startSources(plan, sources, options);
  return { rows, letters, late, stats: await done };
}

/** What a job has given out so far. */
export interface StartedJob extends Omit<EngineResult, 'stats'> {
  readonly job: RunningJob;
  /** Rejects as the job does. */
  readonly done: Promise<JobStats>;
}
export async function startSources(plan: Plan, sources: readonly Source[], options: RunOptions): Promise<StartedJob> {
  const [sink, deadLetters, late] = [new ListSink('results'), new ListSink('letters'), new ListSink('late')];
  const job = await runJob({ plan, sink, deadLetters, late, sources }, { ...options, engine: options.engine ?? await engineFor(options) });
  const done = job.done.catch(async (error: unknown) => {
    if (!options.engine) await dropEngine(options);
    throw error;
  });
  return { job, rows: sink.rows, letters: deadLetters.rows, late: late.rows, done };
}

/** Cuts rows into batches of `size`. */
export function cut<T>(rows: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let i = 0; i < rows.length; i += size) batches.push(rows.slice(i, i + size));
  return batches;
}
