import { fillSelectSteps, SELECT_STEP_BYTES } from '../../native-free-kernels/select.js';
import { PageUse } from '../heap/page-allocator.js';
import { ENTRY_HEAD_BYTES, FIRST_TIME } from '../join/log-layout.js';
import type { LogTools } from '../join/log-tools.js';
import { firstStage } from '../plan/plan.js';
import type { Region } from '../state/region.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { GroupInput } from './group-input.js';
import { hashedKeys } from './keys.js';
import { gathered64, sortedKeys } from './sorted-rows.js';
import { SeenStore } from './seen-store.js';
import { TurnOperator, type Chunk } from './turn-operator.js';

interface DecidedChunk extends Chunk {
  /** Of the rows as they are sorted by region (int64). */
  readonly times: number;
  readonly bounds: number;
  /** A byte per element: 1 if it is let through. */
  readonly keep: number;
  dropped: number;
  late: number;
}

/** Lets a row through if none of its keys was let through that is at most `within` away from it. */
export class DedupeOperator extends TurnOperator<DecidedChunk> {
  private readonly within: bigint;
  private readonly tools: LogTools;
  private readonly steps: number;

  constructor(
    thread: ThreadContext,
    job: JobLayout,
    private readonly layout: AggregateLayout,
    worker: number,
  ) {
    super(thread, job, worker);
    const { heap, pages } = thread;
    this.within = BigInt(firstStage(job.plan).deduplicate!.within);
    this.tools = SeenStore.toolsOf(thread);
    this.steps = pages.allocate(SELECT_STEP_BYTES, PageUse.scratch);
    fillSelectSteps(heap, this.steps);
  }

  protected prepare(input: GroupInput): DecidedChunk {
    const { heap, kernels, scratch } = this.thread;
    const { keyMode, compiled } = this.layout;
    const keys = hashedKeys(heap, kernels, keyMode, input.vectors.slice(0, compiled.keyCount), input.elements, this.job.hashSeed, scratch);
    const keep = scratch.take(input.elements);
    heap.u8.fill(0, keep, keep + input.elements);
    const { sorted, starts, counts } = this.partition(input, keys);
    const [times, bounds] = [input.times, input.bounds].map(data => gathered64(this.thread, input.rows, sorted, data));
    return { input, keys: sortedKeys(this.thread, keys, input.rows, sorted), times: times!, bounds: bounds!, sorted, starts, counts, keep, dropped: 0, late: 0 };
  }

  /** Forgets what no row to come can repeat: none has a bound before that of the first row here. */
  protected override enter(region: Region, [first]: readonly DecidedChunk[]): void {
    const { heap, scratch } = this.thread;
    const bound = heap.i64[first!.input.bounds >>> 3]!;
    if (bound < FIRST_TIME + this.within) return;
    const mark = scratch.mark();
    SeenStore.of(this.tools, region)?.log.forget(bound - this.within);
    scratch.release(mark);
  }

  protected apply(region: Region, chunk: DecidedChunk, positions: number, rows: number): void {
    const { heap, kernels, scratch } = this.thread;
    const { input, keys, keep, sorted, times, bounds } = chunk;
    const first = (positions - sorted) / 4;
    const [data, valid, hashes] = [keys.data + first * 8, keys.valid && keys.valid + first, keys.hashes + first * 4];
    const mark = scratch.mark();
    const store = SeenStore.of(this.tools, region) ?? SeenStore.create(this.tools, region, this.within);
    const { log } = store;
    const late = scratch.take(rows * 4);
    const views = keys.kind === 'bytes' ? 1 : 0;
    store.clearCounts();
    log.reserve(rows);
    for (let done = 0; ;) {
      done = kernels.firstOfKeys(store.address, done, rows, positions, data, views, valid, hashes, times + first * 8, bounds + first * 8, keep, late);
      if (done === rows) break;
      log.addBlock(ENTRY_HEAD_BYTES + (views ? heap.u32[(data >>> 2) + done * 2 + 1]! + 7 & ~7 : 0));
    }
    for (let item = 0; item < store.late; item++) {
      const element = heap.u32[(positions >>> 2) + heap.u32[(late >>> 2) + item]!]!;
      input.late!(element, heap.i64[(input.bounds >>> 3) + element]!);
    }
    chunk.late += store.late;
    chunk.dropped += store.dropped;
    region.due = store.due;
    scratch.release(mark);
  }

  protected override leave({ input, keep, dropped, late }: DecidedChunk): void {
    const { kernels, scratch } = this.thread;
    const rows = input.rows - dropped - late;
    if (rows === input.elements) return input.decided!(0, rows, dropped);
    // The kernel may write past the last.
    const positions = scratch.take(input.elements * 4 + 64);
    kernels.selectBytes(input.elements, keep, 0, 1, this.steps, positions);
    input.decided!(positions, rows, dropped);
  }
}
