import type { Delivered, ResumedPartition, Source, SourceContext, SourceItem, SourceReader } from '../../src/connectors/source.ts';
import type { VirtualClock } from './clock.ts';
import type { Random } from './random.ts';

/** What is noted of a reading: where the next one begins, as a consumer group has it. */
interface Noted { offset: bigint; readTo: bigint; closedTo: bigint | null }

/** Partitions of rows that are kept, as a log keeps them: a reading begins where what was delivered ends. */
export class LogSource implements Source {
  readonly name = 'log';
  readonly bounded = true;
  readonly dictionaries = false;
  readonly partitions: number;
  readonly noted: Noted[];
  readings = 0;

  /** `before`: what happens before each item; it is told how many partitions have rows left. */
  constructor(private readonly logs: readonly (readonly unknown[])[], private readonly random: Random, private readonly most: number, private readonly clock: VirtualClock,
    private readonly before: (left: number) => 'go on' | 'restart' = () => 'go on') {
    this.partitions = logs.length;
    this.noted = logs.map(() => ({ offset: 0n, readTo: 0n, closedTo: null }));
  }

  read(_context: SourceContext): Promise<SourceReader> {
    this.readings++;
    const starts = this.noted.map(noted => ({ ...noted }));
    const at = starts.map(({ offset }) => Number(offset));
    let [isOpen, isTold] = [true, false];
    return Promise.resolve({
      partitions: at.map((_, partition) => partition),
      resumed: starts.flatMap((noted, partition): ResumedPartition[] => (noted.readTo > 0n ? [{ partition, ...noted }] : [])),
      next: async (): Promise<SourceItem | null> => {
        this.clock.advance(300);
        await new Promise(resolve => setImmediate(resolve));
        const left = at.flatMap((from, partition) => (from < this.logs[partition]!.length ? [partition] : []));
        if (this.before(left.length) === 'restart') return { kind: 'restart' };
        if (left.length === 0) return null;
        const partition = left[this.random.below(left.length)]!;
        const from = at[partition]!;
        const border = Number(starts[partition]!.readTo) > from ? Number(starts[partition]!.readTo) : Infinity;
        const to = Math.min(from + 1 + this.random.below(this.most), this.logs[partition]!.length, border);
        at[partition] = to;
        return { kind: 'rows', rows: this.logs[partition]!.slice(from, to), partition, next: BigInt(to) };
      },
      delivered: async ({ closedTo, partitions }: Delivered): Promise<void> => {
        if (isTold || !isOpen) throw new Error('told twice at once, or behind the end');
        isTold = true;
        await new Promise(resolve => setImmediate(resolve));
        for (const noted of this.noted) noted.closedTo = closedTo;
        for (const { partition, offset, readTo } of partitions) {
          const noted = this.noted[partition]!;
          if (offset !== null && offset < noted.offset) throw new Error('what was delivered is not any more');
          noted.offset = offset ?? noted.offset;
          noted.readTo = readTo > noted.readTo ? readTo : noted.readTo;
        }
        isTold = false;
      },
      close: () => Promise.resolve(void (isOpen = false)),
    });
  }
}
