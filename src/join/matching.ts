import type { JoinStore } from './join-store.js';

/** What comes of rows. Entries are u32 addresses. REQUIRES: the region is held, but for `unkeyed`. */
export interface Matching {
  /** Rows have come, and have their entries. */
  came(store: JoinStore, side: number, entries: number, rows: number): void;
  /** Gives out what it is certain of with the watermark here, and was not before. */
  complete(store: JoinStore, watermark: bigint): void;
  /** Rows that match nothing, since a part of their key is null. */
  unkeyed(side: number, entries: number, rows: number): void;
}
