import { fireWord, StageWord, stageWord } from '../heap/stage-block.js';
import { held, NEVER } from '../state/region.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { RegionSet } from './region-set.js';
import type { Firing } from './row-operator.js';
import { SeenStore } from './seen-store.js';

/** Gives back the stores of regions in which the watermark has passed everything. Stores that go on forget while rows come, see `DedupeOperator`. */
export class DedupeFire implements Firing {
  private readonly set: RegionSet;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    worker: number,
  ) {
    this.set = new RegionSet(thread, job, worker);
  }

  run(part: number, parts: number): void {
    const { heap } = this.thread;
    const tools = SeenStore.toolsOf(this.thread);
    const watermark = heap.i64[fireWord(this.job.block)]!;
    this.set.regions.forEach((region, index) => {
      if (index % parts !== part) return;
      held(region, () => {
        if (region.due > watermark) return;
        SeenStore.of(tools, region)?.free();
        region.due = NEVER;
      });
    });
    Atomics.add(heap.i32, stageWord(this.job.block, StageWord.fireDone), 1);
  }
}
