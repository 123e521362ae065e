import { MillraceError } from '../errors.js';
import { blockBytes, type BlockAllocator } from '../heap/block-allocator.js';
import { STATE_UNIT } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import { StageWord, stageWord } from '../heap/stage-block.js';
import type { Join } from '../plan/join-plan.js';
import type { LogMemory } from './log-tools.js';

/** Memory of a region for the logs of a join. The stage keeps count, so that what is full can say who filled it. */
export class JoinMemory implements LogMemory {
  constructor(
    private readonly heap: Heap,
    private readonly block: number,
    private readonly join: Join,
    private readonly blocks: BlockAllocator,
  ) {}

  allocate(bytes: number): number {
    const address = this.named(() => this.blocks.allocate(bytes));
    Atomics.add(this.heap.i32, stageWord(this.block, StageWord.state), blockBytes(bytes) / STATE_UNIT);
    return address;
  }
  free(address: number, bytes: number): void {
    this.blocks.free(address, bytes);
    Atomics.sub(this.heap.i32, stageWord(this.block, StageWord.state), blockBytes(bytes) / STATE_UNIT);
  }

  private named(allocate: () => number): number {
    try {
      return allocate();
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      const bytes = joinBytes(this.heap, this.block);
      const kept = this.join.asOf === null ? 'rows that may still find a match' : 'rows that wait for the watermark and the newest version of every key';
      throw new MillraceError(error.code, `${joinName(this.join)} keeps ${bytes} bytes of ${kept}, and more come: ${error.message}`, { cause: error });
    }
  }
}

/** What a join is called where its size is told. */
export function joinName({ sides }: Join): string {
  const names = sides.map(side => side.name);
  return `the join of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Bytes of state of a join whose stage has this block. */
export const joinBytes = (heap: Heap, block: number): number => Atomics.load(heap.i32, stageWord(block, StageWord.state)) * STATE_UNIT;
