import { MillraceError } from '../errors.js';
import { Coordinator } from './coordinator.js';
import { Engine, type EngineOptions } from './engine.js';
import type { JobDescription, RunningJob, RunOptions } from './job-types.js';

/** Starts a job, on the engine given or on one of its own that is closed with it. */
export function runJob(job: JobDescription, options: RunOptions = {}): RunningJob {
  const own = options.engine ? null : new Engine(engineOptions(options));
  const engine = options.engine ?? own!;
  engine.take();
  let coordinator: Coordinator;
  try {
    coordinator = new Coordinator(engine, job, options);
  } catch (error) {
    engine.release();
    void own?.close();
    throw error;
  }
  const ran = coordinator.run();
  engine.whenClosed(error => {
    coordinator.fail(error);
    return ran.catch(() => {});
  });
  const done = ran.finally(() => own?.close());
  return {
    done,
    stats: () => coordinator.stats(),
    cancel: () => coordinator.fail(new MillraceError('CANCELLED', 'the job was cancelled')),
  };
}

const engineOptions = ({ workers, heap, kernels, workerMemoryMb }: RunOptions): EngineOptions =>
  Object.fromEntries(Object.entries({ workers, heap, kernels, workerMemoryMb }).filter(([, value]) => value !== undefined));
