import { MillraceError } from '../errors.js';
import { describeValue } from '../plan/type-builders.js';
import { Job } from './job.js';

/**
 * One job of several: it runs on one engine, reads a stream that several of them use once, and computes once what they share. It ends when all
 * are done, and with the first that fails. What a pipeline sets aside goes to its own `deadLetters` and `late` sinks; where several
 * lead through the same stage, to those of each.
 */
export function together(...jobs: Job[]): Job {
  if (jobs.length === 0) throw new MillraceError('PLAN_INVALID', 'together takes at least one job, such as pipeline.to(sink).');
  const strange = jobs.find(job => !(job instanceof Job));
  if (strange !== undefined) throw new MillraceError('PLAN_INVALID', `together takes jobs, such as pipeline.to(sink), got ${describeValue(strange)}.`);
  const ends = jobs.flatMap(job => job.ends);
  const twice = ends.find(({ sink }, i) => ends.findIndex(other => other.sink === sink) !== i);
  if (twice !== undefined) throw new MillraceError('PLAN_INVALID', `together: ${twice.sink.name} is the sink of two jobs. Each needs one of its own, or a union in front of one.`);
  return new Job(ends);
}
