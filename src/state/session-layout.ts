/**
 * Windows that each key makes for itself: sessions, and windows of so many rows. A region has one store for them, whose header
 * (STORE_BYTES; words are u32, `least` to `delay` i64) the kernels in native-free-kernels/wasm/sessions.ts know:
 *
 *   table          a hashed table with a cell for each key, [key, newest node u32, mark u32, number of the next window i64]. Nodes, like
 *                  everything else of the keys, lie in its arena, and are all freed with it: `rebuild` moves what is still needed to a new one
 *   queue          a binary heap of [due i64, node u32, 0]: when a node has something to do, or before. An entry whose due is not its node's is stale
 *   changed        a list of nodes that are new, were changed after they had been given out as complete, or are full
 *   least          the least watermark at which something is due, changed nodes included
 *   deadCount      nodes that died since the last rebuild
 *   gap … delay    of the window: gap, longest length (0: any), how long a session takes late rows after its end, and when it is given out
 *   first … third  counts of what a kernel has listed, or passed over
 *
 * A node is a cell of the aggregate (key and states, `stateBytes`) and then its fields: of a session
 * [start, last row's time, start and end that were given out, due, version: i64; next older node, cell, flags, next changed node: u32].
 * A count window keeps its number for the start, its rows for the last row's time, and those it had when it was given out for `shownEnd`.
 */
export const enum StoreWord {
  table, queue, queueCount, queueCapacity, changed, changedCount, least, stateBytes = 8, deadCount, gap, longest = 12, accept = 14, delay = 16, first = 18, second, third,
}
export const STORE_BYTES = 128;
export const QUEUE_ENTRY_BYTES = 16;

export const KEY_CELL_BYTES = 24;
/** Words (u32) of a key's cell behind the key; `number` is an i64. */
export const enum CellWord { head = 2, mark, number }

/** Bytes from the beginning of a node's fields. */
export const enum NodeField { start = 0, last = 8, shownStart = 16, shownEnd = 24, due = 32, version = 40, next = 48, home = 52, flags = 56, link = 60 }
export const NODE_FIELD_BYTES = 64;
/**
 * `listed`: is in `changed`. `shown`: was given out with the bounds noted, and not taken back. `modified`: has rows that were not given out. `queued`:
 * has an entry in the queue. `early`: was given out before it was complete.
 */
export const enum NodeFlag { dead = 1, listed = 2, shown = 4, modified = 8, nullKey = 16, queued = 32, early = 64 }

/** Of a run (see `runSlots` of the kernels), bytes from the beginning of its fields. */
export const RUN_UNDONE = 36;
export const RUN_FIELD_BYTES = 40;

/** What was given out and no longer holds: [key, start, end, version, flags]. */
export const enum GoneField { start = 8, end = 16, version = 24, flags = 32 }
export const GONE_BYTES = 40;
