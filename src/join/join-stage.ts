import type { Vector } from '../expression/vector.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { JoinFire } from './join-fire.js';
import { LOG_LIMITS, type LogLimits } from './log-tools.js';
import { JoinOperator } from './join-operator.js';
import { JoinResults } from './join-results.js';
import { JoinState } from './join-state.js';
import { AsOfMatcher, EVENTS_AT_ONCE } from './as-of-matcher.js';
import { Matcher, PROBE_ROWS } from './matcher.js';

/** Limits that tests make small. */
export interface JoinLimits {
  readonly log: LogLimits;
  readonly probeRows: number;
  /** Left rows and versions that are put in order at once. */
  readonly eventRows: number;
}
export const JOIN_LIMITS: JoinLimits = { log: LOG_LIMITS, probeRows: PROBE_ROWS, eventRows: EVENTS_AT_ONCE };

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
    const matcher = state.join.asOf === null
      ? new Matcher(thread, state.join, state.layout, state.times, results, limits.probeRows)
      : new AsOfMatcher(thread, state.join, state.join.asOf, state.layout, results, limits.eventRows);
    this.operator = new JoinOperator(thread, job, state, matcher, results);
    this.fire = new JoinFire(thread, job, state, matcher, results);
  }
}
