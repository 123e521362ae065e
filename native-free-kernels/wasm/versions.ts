import { BASE, bitOf, BUCKET_SHIFT, DIRECTORY, DIRECTORY_MASK, END, ENTRIES, FILTER, FLAGS, HASH, HEADS, LINK, MASK, RECORD_SHIFT, REPLACED, ROWS, SHIFT, TIME } from './join-log';
import { entryAt, minus, sameKey } from './join-probe';

/** Events whose chains are brought near together. */
const NEAR: i32 = 64;

/** Writes where rows stood to their entries, see the interface. */
export function putPlaces(rows: i32, entries: usize, offset: usize, elements: usize, selection: usize, firstRow: u32, basePosition: i64): void {
  for (let row = 0; row < rows; row++) {
    const element = load<u32>(elements + (<usize>row << 2));
    const number = selection ? load<u32>(selection + (<usize>element << 2)) : firstRow + element;
    store<i64>(<usize>load<u32>(entries + (<usize>row << 2)) + offset, basePosition + <i64>number);
  }
}

/** Sorts entries by time, byte by byte from the lowest, see the interface. */
export function sortEvents(versions: i32, rows: i32, entries: usize, room: usize): void {
  let from = room;
  let to = from + (<usize>rows << 3);
  let own = entries;
  let other = to + (<usize>rows << 3);
  const counts = other + (<usize>rows << 2);
  let least: i64 = i64.MAX_VALUE;
  let greatest: i64 = i64.MIN_VALUE;
  let isSorted = true;
  for (let row = 0; row < rows; row++) {
    const at = own + (<usize>row << 2);
    const time = load<i64>(<usize>load<u32>(at), TIME);
    if (time < greatest) isSorted = false;
    else greatest = time;
    if (time < least) least = time;
    store<i64>(from + (<usize>row << 3), time);
    if (row >= versions) store<u32>(at, load<u32>(at) | 1);
  }
  if (isSorted) return;
  const range = <u64>(greatest - least);
  for (let shift: u64 = 0; shift < 64 && range >> shift != 0; shift += 8) {
    memory.fill(counts, 0, 1024);
    for (let row = 0; row < rows; row++) {
      const count = counts + digitOf(load<i64>(from + (<usize>row << 3)) - least, shift);
      store<u32>(count, load<u32>(count) + 1);
    }
    for (let value: usize = 0, start: u32 = 0; value < 1024; value += 4) {
      const count = load<u32>(counts + value);
      store<u32>(counts + value, start);
      start += count;
    }
    for (let row = 0; row < rows; row++) {
      const time = load<i64>(from + (<usize>row << 3));
      const next = counts + digitOf(time - least, shift);
      const at = <usize>load<u32>(next);
      store<u32>(next, <u32>at + 1);
      store<i64>(to + (at << 3), time);
      store<u32>(other + (at << 2), load<u32>(own + (<usize>row << 2)));
    }
    const times = from;
    from = to;
    to = times;
    const list = own;
    own = other;
    other = list;
  }
  if (own != entries) memory.copy(entries, own, <usize>rows << 2);
}
/** Offset of the counter of a time's digit. */
// @ts-ignore: decorator
@inline
function digitOf(since: i64, shift: u64): usize {
  return <usize>((<u64>since >> shift) & 255) << 2;
}

/** The word that points to the address of an entry of a key in a table, or to 0 at the end of its chain. */
// @ts-ignore: decorator
@inline
function seek(heads: usize, mask: u32, entry: usize, ownKey: usize, key: usize): usize {
  const word = load<u64>(entry);
  let from = heads + (<usize>(load<u32>(entry, HASH) & mask) << 2);
  for (let at = <usize>load<u32>(from); at; at = <usize>load<u32>(from)) {
    if (load<u64>(at) == word && (!ownKey || sameKey(entry, ownKey, at, key))) break;
    from = at + LINK;
  }
  return from;
}

/** The word that points to the position of the entry of a key in a log, or 0. */
// @ts-ignore: decorator
@inline
function find(log: usize, entry: usize, ownKey: usize, key: usize): usize {
  const base = load<u32>(log, BASE);
  const live = load<u32>(log, END) - base;
  if (!live) return 0;
  const word = load<u64>(entry);
  const hash = load<u32>(entry, HASH);
  let from = <usize>load<u32>(log, HEADS) + (<usize>(hash & load<u32>(log, MASK)) << load<u8>(log, BUCKET_SHIFT));
  if (!(load<u8>(from + load<u8>(log, FILTER)) & bitOf(hash))) return 0;
  for (let position = load<u32>(from); position - base < live; position = load<u32>(from)) {
    const at = entryOf(log, position);
    if (load<u64>(at) == word && (!ownKey || sameKey(entry, ownKey, at, key))) return from;
    from = at + LINK;
  }
  return 0;
}
// @ts-ignore: decorator
@inline
function entryOf(log: usize, position: u32): usize {
  return entryAt(<usize>load<u32>(log, DIRECTORY), load<u32>(log, DIRECTORY_MASK), load<u32>(log, SHIFT), position);
}

/**
 * Reads the beginnings of the chains of some entries in a log, so that they are in the cache; of those marked by `only`. Returns what they sum up to, or
 * the compiler would leave them out.
 */
function touchChains(log: usize, entries: usize, from: i32, until: i32, only: u32): u32 {
  const base = load<u32>(log, BASE);
  const live = load<u32>(log, END) - base;
  if (!live) return 0;
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const bucketShift = <usize>load<u8>(log, BUCKET_SHIFT);
  let sum: u32 = 0;
  for (let row = from; row < until; row++) {
    const listed = load<u32>(entries + (<usize>row << 2));
    if ((listed & only) != only) continue;
    const entry = <usize>(listed & ~1);
    const head = load<u32>(heads + (<usize>(load<u32>(entry, HASH) & mask) << bucketShift));
    // What is gone stands for the oldest entry there is.
    sum += load<u32>(entryOf(log, select<u32>(head, base, head - base < live)), LINK);
  }
  return sum;
}

/** Takes versions and left rows one after another, see the interface. */
export function replayVersions(
  log: usize, rows: i32, events: usize, heads: usize, mask: u32, place: usize, deleted: usize, ownKey: usize, key: usize, within: i64, outer: u32, outLeft: usize, outMatches: usize,
): i32 {
  let found: i32 = 0;
  for (let row = 0, near = 0; row < rows; row++) {
    if (row == near) {
      near = min<i32>(row + NEAR, rows);
      store<u32>(outLeft + (<usize>found << 2), touchChains(log, events, row, near, 1));
    }
    const event = load<u32>(events + (<usize>row << 2));
    const entry = <usize>(event & ~1);
    if (event & 1) {
      let match = <usize>load<u32>(seek(heads, mask, entry, ownKey, key));
      if (!match) {
        const from = find(log, entry, ownKey, key);
        if (from) match = entryOf(log, load<u32>(from));
      }
      if (match && ((deleted && load<u8>(match + deleted)) || (within >= 0 && load<i64>(match, TIME) < minus(load<i64>(entry, TIME), within)))) match = 0;
      if (!match && !outer) continue;
      store<u32>(outLeft + (<usize>found << 2), <u32>entry);
      store<u32>(outMatches + (<usize>found << 2), <u32>match);
      found++;
      continue;
    }
    const from = seek(heads, mask, entry, key, key);
    const old = <usize>load<u32>(from);
    if (old && load<i64>(old, TIME) == load<i64>(entry, TIME) && load<u64>(old + place) > load<u64>(entry + place)) continue;
    store<u32>(entry, old ? load<u32>(old, LINK) : 0, LINK);
    store<u32>(from, <u32>entry);
  }
  store<u32>(outLeft + (<usize>found << 2), 0);
  return found;
}

/** Takes from a log what the versions of a table replace, see the interface. */
export function retireVersions(log: usize, heads: usize, mask: u32, deleted: usize, key: usize, out: usize): i32 {
  let versions: i32 = 0;
  for (let bucket: u32 = 0; bucket <= mask; bucket++) {
    for (let entry = load<u32>(heads + (<usize>bucket << 2)); entry; entry = load<u32>(<usize>entry, LINK)) {
      store<u32>(out + (<usize>versions << 2), entry);
      versions++;
    }
  }
  let left: i32 = 0;
  for (let row = 0, near = 0; row < versions; row++) {
    if (row == near) {
      near = min<i32>(row + NEAR, versions);
      store<u32>(heads, touchChains(log, out, row, near, 0));
    }
    const entry = <usize>load<u32>(out + (<usize>row << 2));
    const from = find(log, entry, key, key);
    if (from) {
      const position = load<u32>(from);
      const old = entryOf(log, position);
      const record = <usize>load<u32>(log, DIRECTORY) + (<usize>((position >> load<u32>(log, SHIFT)) & load<u32>(log, DIRECTORY_MASK)) << RECORD_SHIFT);
      store<u32>(from, load<u32>(old, LINK));
      store<u32>(old, load<u32>(old, FLAGS) | REPLACED, FLAGS);
      store<u32>(log, load<u32>(log, ROWS) - 1, ROWS);
      store<u32>(record, load<u32>(record, ENTRIES) - 1, ENTRIES);
    }
    if (deleted && load<u8>(entry + deleted)) continue;
    store<u32>(out + (<usize>left << 2), <u32>entry);
    left++;
  }
  store<u32>(heads, 0);
  return left;
}
