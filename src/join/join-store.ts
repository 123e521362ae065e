import type { Region } from '../state/region.js';
import { JoinLog } from './join-log.js';
import { indexesOf, type LogIndex } from './log-index.js';
import { LOG_BYTES } from './log-layout.js';
import type { LogMemory, LogTools } from './log-tools.js';

/** What a join keeps in one region: its logs, of which `logs` says which can be looked up in. REQUIRES: the caller holds the region. */
export class JoinStore {
  readonly logs: readonly JoinLog[];
  private readonly indexes: readonly LogIndex[];

  private constructor(private readonly region: Region, tools: LogTools, memory: LogMemory, indexed: readonly boolean[]) {
    this.indexes = indexesOf(tools, memory, region.store, indexed);
    this.logs = this.indexes.map((index, log) => new JoinLog(tools, memory, region.store + log * LOG_BYTES, index));
  }

  static of(region: Region, tools: LogTools, memory: LogMemory, logs: readonly boolean[]): JoinStore | null {
    return region.store ? new JoinStore(region, tools, memory, logs) : null;
  }
  static create(region: Region, tools: LogTools, memory: LogMemory, logs: readonly boolean[]): JoinStore {
    region.store = region.blocks.allocate(logs.length * LOG_BYTES);
    const store = new JoinStore(region, tools, memory, logs);
    for (const log of store.logs) log.format();
    return store;
  }

  get isEmpty(): boolean {
    return this.logs.every(log => log.isEmpty);
  }
  free(): void {
    for (const log of this.logs) log.free();
    for (const index of new Set(this.indexes)) index.free();
    this.region.blocks.free(this.region.store, this.logs.length * LOG_BYTES);
    this.region.store = 0;
  }
}
