import type { Firing } from '../aggregate/row-operator.js';
import { fireWord, StageWord, stageWord } from '../heap/stage-block.js';
import { held } from '../state/region.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { JoinResults } from './join-results.js';
import type { JoinState } from './join-state.js';
import type { Matching } from './matching.js';

/** Gives out what is known now that no match can come any more, and forgets rows. */
export class JoinFire implements Firing {
  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly state: JoinState,
    private readonly matcher: Matching,
    private readonly results: JoinResults,
  ) {}

  run(part: number, parts: number): void {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const watermark = heap.i64[fireWord(this.job.block)]!;
    this.state.set.regions.forEach((region, index) => {
      if (index % parts !== part || region.due > watermark) return;
      held(region, () => this.state.pass(index, watermark, this.matcher));
      scratch.reset();
    });
    this.results.flush();
    Atomics.add(heap.i32, stageWord(this.job.block, StageWord.fireDone), 1);
  }
}
