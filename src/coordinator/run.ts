import { MillraceError } from '../errors.js';
import type { JobDescription, RunOptions, RunningJob } from './job-types.js';

/** Starts a job. */
export function runJob(_job: JobDescription, _options: RunOptions = {}): RunningJob {
  throw new MillraceError('PLAN_INVALID', 'There is no engine here yet.');
}
