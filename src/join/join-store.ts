import type { Region } from '../state/region.js';
import { JoinLog, type LogMemory, type LogTools } from './join-log.js';
import { LOG_BYTES } from './log-layout.js';

/** What a join keeps in one region: a log for each side. REQUIRES: the caller holds the region. */
export class JoinStore {
  readonly logs: readonly JoinLog[];

  private constructor(private readonly region: Region, tools: LogTools, memory: LogMemory, private readonly bytes: number) {
    this.logs = Array.from({ length: bytes / LOG_BYTES }, (_, side) => new JoinLog(tools, memory, region.store + side * LOG_BYTES));
  }

  static of(region: Region, tools: LogTools, memory: LogMemory, sides: number): JoinStore | null {
    return region.store ? new JoinStore(region, tools, memory, sides * LOG_BYTES) : null;
  }
  static create(region: Region, tools: LogTools, memory: LogMemory, sides: number): JoinStore {
    region.store = region.blocks.allocate(sides * LOG_BYTES);
    const store = new JoinStore(region, tools, memory, sides * LOG_BYTES);
    for (const log of store.logs) log.format();
    return store;
  }

  get isEmpty(): boolean {
    return this.logs.every(log => log.isEmpty);
  }
  free(): void {
    for (const log of this.logs) log.free();
    this.region.blocks.free(this.region.store, this.bytes);
    this.region.store = 0;
  }
}
