import type { Vector } from '../expression/vector.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { JoinFire } from './join-fire.js';
import { LOG_LIMITS, type LogLimits } from './join-log.js';
import { JoinOperator } from './join-operator.js';
import { JoinResults } from './join-results.js';
import { JoinState } from './join-state.js';
import { Matcher, PROBE_ROWS } from './matcher.js';

/** Limits that tests make small. */
export interface JoinLimits {
  readonly log: LogLimits;
  readonly probeRows: number;
}
export const JOIN_LIMITS: JoinLimits = { log: LOG_LIMITS, probeRows: PROBE_ROWS };

/** What one thread has of a join. `give` takes a batch of results, and may wait for room. */
export class JoinStage {
  readonly operator: JoinOperator;
  readonly fire: JoinFire;

  constructor(thread: ThreadContext, job: JobLayout, worker: number, give: (vectors: readonly Vector[], rows: number) => void, limits: JoinLimits) {
    const state = new JoinState(thread, job, worker, limits.log);
    const results = new JoinResults(thread, state.join, state.layout, (vectors, rows) => {
      this.operator.awaitResults();
      give(vectors, rows);
    });
    const matcher = new Matcher(thread, state.join, state.layout, state.times, results, limits.probeRows);
    this.operator = new JoinOperator(thread, job, state, matcher, results);
    this.fire = new JoinFire(thread, job, state, matcher, results);
  }
}
