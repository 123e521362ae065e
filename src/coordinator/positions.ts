import type { Delivered } from '../connectors/source.js';
import { NO_TIME } from '../worker/lanes.js';
import type { Completeness } from './completeness.js';

/** An item on its way: `settled` once its rows were applied, `greatest` their greatest event time then. */
interface Item {
  readonly number: number;
  readonly next: bigint;
  greatest: bigint;
  settled: boolean;
}
/** What is settled at a moment. */
export interface Mark {
  /** The watermark up to which everything was given out; null where there is none. */
  readonly closedTo: bigint | null;
  /** Of each partition, behind the last settled item. */
  readonly readTo: ReadonlyMap<number, bigint>;
}

/** How far the items of one source are done with, partition by partition. */
export class Positions {
  /** Of each partition, in the order of reading: those that may have to be read again. */
  private readonly items = new Map<number, Item[]>();
  /** Of each partition, behind the last item that is done with. */
  private readonly offsets = new Map<number, bigint>();
  private readonly unsettled: Item[] = [];
  private readonly readTo = new Map<number, bigint>();

  constructor(private readonly completeness: Completeness) {}

  submitted(partition: number, next: bigint, number: number): void {
    const item = { number, next, greatest: NO_TIME, settled: false };
    const items = this.items.get(partition);
    if (items) items.push(item);
    else this.items.set(partition, [item]);
    this.unsettled.push(item);
  }
  /** A morsel is settled; in the order of their numbers. */
  settled(partition: number, number: number, greatest: bigint): void {
    const [item] = this.unsettled;
    if (item?.number !== number) return;
    this.unsettled.shift();
    item.greatest = greatest;
    item.settled = true;
    this.readTo.set(partition, item.next);
  }

  mark(closedTo: bigint | null): Mark {
    return { closedTo, readTo: new Map(this.readTo) };
  }

  /** What is done with, all up to a mark having been delivered; null where that is no more than the last time. */
  confirm({ closedTo, readTo }: Mark): Delivered | null {
    let moved = false;
    const partitions = [...this.items].flatMap(([partition, items]) => {
      const read = readTo.get(partition);
      let done = 0;
      while (read !== undefined && done < items.length && items[done]!.next <= read && this.isDone(items[done]!, closedTo)) done++;
      if (done > 0) {
        this.offsets.set(partition, items[done - 1]!.next);
        items.splice(0, done);
        moved = true;
      }
      return read === undefined ? [] : [{ partition, offset: this.offsets.get(partition) ?? null, readTo: read }];
    });
    return moved ? { closedTo, partitions } : null;
  }

  private isDone({ settled, greatest }: Item, closedTo: bigint | null): boolean {
    if (!settled || this.completeness === 'now') return settled;
    return closedTo !== null && (greatest === NO_TIME || this.completeness(greatest) <= closedTo);
  }
}
