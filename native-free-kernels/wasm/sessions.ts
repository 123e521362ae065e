import { MARK, RUN_HOME, RUN_LAST, RUN_UNDONE } from './session-runs';
import { intoPeriod, later } from './session-times';
import { NULL_CELL, stateOfKey } from './table';

// Layout of a store and of its nodes, in bytes; src/state/session-layout.ts has the same numbers in words, and their meaning.
const QUEUE: usize = 4;
const QUEUE_COUNT: usize = 8;
const CHANGED: usize = 16;
const CHANGED_COUNT: usize = 20;
const LEAST: usize = 24;
const STATE_BYTES: usize = 32;
const DEAD_COUNT: usize = 36;
const GAP: usize = 40;
const LONGEST: usize = 48;
const ACCEPT: usize = 56;
const DELAY: usize = 64;
const FIRST_COUNT: usize = 72;
const SECOND_COUNT: usize = 76;
const THIRD_COUNT: usize = 80;

const LAST: usize = 8;
const SHOWN_START: usize = 16;
const SHOWN_END: usize = 24;
const DUE: usize = 32;
const VERSION: usize = 40;
const NEXT: usize = 48;
const HOME: usize = 52;
const FLAGS: usize = 56;
const LINK: usize = 60;
const FIELD_BYTES: usize = 64;
/** Of a key's cell: its newest node, and of a count window's the number of the window that fills. */
const HEAD: usize = 8;
const NUMBER: usize = 16;

const DEAD: u32 = 1;
const LISTED: u32 = 2;
const SHOWN: u32 = 4;
const MODIFIED: u32 = 8;
const NULL_KEY: u32 = 16;
const QUEUED: u32 = 32;
const EARLY: u32 = 64;

// @ts-ignore: decorator
@inline
function samePeriod(a: i64, b: i64, longest: i64): bool {
  return longest == 0 || a - intoPeriod(a, longest) == b - intoPeriod(b, longest);
}
/** Where a session whose last row has this time ends. */
// @ts-ignore: decorator
@inline
function endOf(last: i64, gap: i64, longest: i64): i64 {
  return last + (longest == 0 ? gap : min<i64>(gap, longest - intoPeriod(last, longest)));
}
/** Puts a node on the list of those that the next firing looks at. */
// @ts-ignore: decorator
@inline
function list(store_: usize, node: usize, at: usize, flags: u32): void {
  if (!(flags & LISTED)) {
    store<u32>(at, load<u32>(store_, CHANGED), LINK);
    store<u32>(store_, <u32>node, CHANGED);
    store<u32>(store_, load<u32>(store_, CHANGED_COUNT) + 1, CHANGED_COUNT);
  }
  store<u32>(at, flags | LISTED, FLAGS);
}

/** A new node of a key, a copy of `template` without rows, or 0 where the arena is full. */
// @ts-ignore: decorator
@inline
function newNode(table: usize, stateBytes: usize, home: usize, template: usize): usize {
  const node = stateOfKey(table, stateBytes, FIELD_BYTES, home, template);
  if (!node) return 0;
  for (let at: usize = 0; at < FIELD_BYTES; at += 8) store<u64>(node + stateBytes + at, 0);
  store<u32>(node + stateBytes, <u32>home, HOME);
  store<u32>(node + stateBytes, home == <usize>load<u32>(table, NULL_CELL) ? NULL_KEY : 0, FLAGS);
  return node;
}

/** Whether a node can take a row at `time`. REQUIRES: its start is at most a gap after it, and then in the same period. */
// @ts-ignore: decorator
@inline
function joins(at: usize, time: i64, bound: i64, gap: i64, longest: i64): bool {
  const last = load<i64>(at, LAST);
  return (time <= last || <u64>(time - last) <= <u64>gap) && samePeriod(load<i64>(at), time, longest) && endOf(last, gap, longest) > bound;
}

/**
 * Whether all rows of a run go where its first row, at `time`, does: nothing else is within reach of any. `newer`: the node before the
 * place of that row in the list of its key, `node` the one there.
 */
function staysWhole(run: usize, S: usize, time: i64, joined: bool, newer: usize, node: usize, gap: i64): bool {
  const first = load<i64>(run + S);
  const last = load<i64>(run + S, RUN_LAST);
  if (first == time && last == time) return true;
  if (newer && (load<i64>(newer + S) <= last || <u64>(load<i64>(newer + S) - last) <= <u64>gap)) return false;
  if (first >= (joined ? min<i64>(time, load<i64>(node + S)) : time)) return true;
  const older = joined ? <usize>load<u32>(node + S, NEXT) : node;
  return !older || (first > load<i64>(older + S, LAST) && <u64>(first - load<i64>(older + S, LAST)) > <u64>gap);
}

/** Makes a session as long as a run that its first row has gone to. */
// @ts-ignore: decorator
@inline
function extend(node: usize, S: usize, run: usize): void {
  store<i64>(node + S, min<i64>(load<i64>(node + S), load<i64>(run + S)));
  store<i64>(node + S, max<i64>(load<i64>(node + S, LAST), load<i64>(run + S, RUN_LAST)), LAST);
}

/** Moves rows from their keys' cells to the nodes of their sessions, see the interface. */
export function sessionSlots(owner: usize, from: i32, rows: i32, positions: usize, slots: usize, times: usize, bounds: usize, runs: usize, template: usize, late: usize, merges: usize): i32 {
  const table = <usize>load<u32>(owner);
  const S = <usize>load<u32>(owner, STATE_BYTES);
  const gap = load<i64>(owner, GAP);
  const longest = load<i64>(owner, LONGEST);
  for (let row = from; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const time = load<i64>(times + (element << 3));
    const bound = load<i64>(bounds + (element << 3));
    const slot = slots + (<usize>row << 2);
    const home = <usize>load<u32>(slot);
    let newer: usize = 0;
    let node = <usize>load<u32>(home, HEAD);
    while (node) {
      const start = load<i64>(node + S);
      if (start <= time || (<u64>(start - time) <= <u64>gap && samePeriod(start, time, longest))) break;
      newer = node;
      node = <usize>load<u32>(node + S, NEXT);
    }
    const joined = node != 0 && joins(node + S, time, bound, gap, longest);
    const run = runs ? <usize>load<u32>(runs + (<usize>row << 2)) : 0;
    if (run) {
      const mark = <usize>load<u32>(run + S, RUN_HOME) + MARK;
      if (load<u32>(mark) || !staysWhole(run, S, time, joined, newer, node, gap)) {
        store<u32>(mark, 1);
        store<u32>(run + S, 1, RUN_UNDONE);
        store<u32>(owner, load<u32>(owner, THIRD_COUNT) + 1, THIRD_COUNT);
        store<u32>(slot, 0);
        continue;
      }
    }
    if (joined) {
      const at = node + S;
      // Stored whether it is later or not: which one it is cannot be predicted.
      store<i64>(at, max<i64>(time, load<i64>(at, LAST)), LAST);
      if (time < load<i64>(at)) {
        store<i64>(at, time);
        const older = <usize>load<u32>(at, NEXT);
        if (older && joins(older + S, time, bound, gap, longest)) absorb(owner, S, node, older, rows, merges);
      }
      const flags = load<u32>(at, FLAGS);
      // What was given out early has time until its end, or the next early firing.
      if ((flags & (SHOWN | EARLY)) == SHOWN) {
        list(owner, node, at, flags | MODIFIED);
        store<i64>(owner, i64.MIN_VALUE, LEAST);
      } else if (!(flags & MODIFIED)) store<u32>(at, flags | MODIFIED, FLAGS);
      if (run) extend(node, S, run);
      store<u32>(slot, <u32>node);
      continue;
    }
    const end = endOf(time, gap, longest);
    if (end <= bound) {
      const count = load<u32>(owner, FIRST_COUNT);
      store<u32>(late + (<usize>count << 2), <u32>row);
      store<u32>(owner, count + 1, FIRST_COUNT);
      store<u32>(slot, 0);
      continue;
    }
    const made = newNode(table, S, home, template);
    if (!made) return row;
    const at = made + S;
    store<i64>(at, time);
    store<i64>(at, time, LAST);
    store<u32>(at, <u32>node, NEXT);
    if (newer) store<u32>(newer + S, <u32>made, NEXT);
    else store<u32>(home, <u32>made, HEAD);
    list(owner, made, at, load<u32>(at, FLAGS) | MODIFIED);
    store<i64>(owner, min<i64>(load<i64>(owner, LEAST), later(end, load<i64>(owner, DELAY))), LEAST);
    if (run) extend(made, S, run);
    store<u32>(slot, <u32>made);
  }
  return rows;
}

/** Makes one session of two neighbours. Their states are merged once the rows of the batch are in. */
function absorb(owner: usize, S: usize, node: usize, older: usize, rows: i32, merges: usize): void {
  const at = node + S;
  const from = older + S;
  store<i64>(at, load<i64>(from));
  store<u32>(at, load<u32>(from, NEXT), NEXT);
  store<i64>(at, max<i64>(load<i64>(at, VERSION), load<i64>(from, VERSION)), VERSION);
  const flags = load<u32>(from, FLAGS) | DEAD;
  store<u32>(from, flags, FLAGS);
  if (flags & SHOWN) {
    list(owner, older, from, flags);
    if (!(flags & EARLY)) store<i64>(owner, i64.MIN_VALUE, LEAST);
  }
  store<u32>(owner, load<u32>(owner, DEAD_COUNT) + 1, DEAD_COUNT);
  const count = load<u32>(owner, SECOND_COUNT);
  store<u32>(merges + (<usize>count << 2), <u32>node);
  store<u32>(merges + (<usize>(count + <u32>rows) << 2), <u32>older);
  store<u32>(owner, count + 1, SECOND_COUNT);
}

// The queue is a binary heap of [due i64, node u32, 0], the least due first.

function pushDue(owner: usize, due: i64, node: usize): void {
  const queue = <usize>load<u32>(owner, QUEUE);
  let place = <usize>load<u32>(owner, QUEUE_COUNT);
  store<u32>(owner, <u32>(place + 1), QUEUE_COUNT);
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (load<i64>(queue + (parent << 4)) <= due) break;
    v128.store(queue + (place << 4), v128.load(queue + (parent << 4)));
    place = parent;
  }
  store<i64>(queue + (place << 4), due);
  store<u64>(queue + (place << 4), <u64>node, 8);
}

function popDue(owner: usize): void {
  const queue = <usize>load<u32>(owner, QUEUE);
  const count = <usize>load<u32>(owner, QUEUE_COUNT) - 1;
  store<u32>(owner, <u32>count, QUEUE_COUNT);
  const moved = v128.load(queue + (count << 4));
  const due = load<i64>(queue + (count << 4));
  let place: usize = 0;
  for (;;) {
    let child = place * 2 + 1;
    if (child >= count) break;
    if (child + 1 < count && load<i64>(queue + ((child + 1) << 4)) < load<i64>(queue + (child << 4))) child++;
    if (load<i64>(queue + (child << 4)) >= due) break;
    v128.store(queue + (place << 4), v128.load(queue + (child << 4)));
    place = child;
  }
  v128.store(queue + (place << 4), moved);
}

/** Notes that what was given out of a session no longer holds: [key, start, end, version, flags]. */
function retract(owner: usize, S: usize, node: usize, gone: usize): void {
  const at = node + S;
  const count = load<u32>(owner, SECOND_COUNT);
  const record = gone + <usize>count * 40;
  const version = load<i64>(at, VERSION) + 1;
  store<i64>(at, version, VERSION);
  store<u64>(record, load<u64>(node));
  store<i64>(record, load<i64>(at, SHOWN_START), 8);
  store<i64>(record, load<i64>(at, SHOWN_END), 16);
  store<i64>(record, version, 24);
  store<u64>(record, <u64>(load<u32>(at, FLAGS) & NULL_KEY), 32);
  store<u32>(owner, count + 1, SECOND_COUNT);
}

/** Whether a session that was given out has other bounds by now. */
// @ts-ignore: decorator
@inline
function moved(at: usize, end: i64): bool {
  return load<i64>(at) != load<i64>(at, SHOWN_START) || end != load<i64>(at, SHOWN_END);
}

/** Lists a session as given out, and what was given out of it before with other bounds as gone. `early`: EARLY or 0. */
function give(owner: usize, S: usize, node: usize, end: i64, early: u32, out: usize, gone: usize): void {
  const at = node + S;
  const flags = load<u32>(at, FLAGS);
  if (flags & SHOWN && moved(at, end)) retract(owner, S, node, gone);
  store<i64>(at, load<i64>(at, VERSION) + 1, VERSION);
  store<i64>(at, load<i64>(at), SHOWN_START);
  store<i64>(at, end, SHOWN_END);
  store<u32>(at, (flags & ~(MODIFIED | EARLY)) | SHOWN | early, FLAGS);
  const count = load<u32>(owner, FIRST_COUNT);
  store<u32>(out + (<usize>count << 2), <u32>node);
  store<u32>(owner, count + 1, FIRST_COUNT);
}

/** When a session has something to do next: to be complete, or to be forgotten. */
// @ts-ignore: decorator
@inline
function dueOf(owner: usize, at: usize, end: i64): i64 {
  return later(end, load<u32>(at, FLAGS) & (MODIFIED | EARLY) ? load<i64>(owner, DELAY) : load<i64>(owner, ACCEPT));
}

/** Gives out the sessions that a watermark completes, see the interface. */
export function fireSessions(owner: usize, watermark: i64, early: i32, out: usize, gone: usize): i32 {
  const S = <usize>load<u32>(owner, STATE_BYTES);
  const gap = load<i64>(owner, GAP);
  const longest = load<i64>(owner, LONGEST);
  const delay = load<i64>(owner, DELAY);
  store<u32>(owner, 0, FIRST_COUNT);
  store<u32>(owner, 0, SECOND_COUNT);
  for (let node = <usize>load<u32>(owner, CHANGED); node; node = <usize>load<u32>(node + S, LINK)) {
    const at = node + S;
    let flags = load<u32>(at, FLAGS) & ~LISTED;
    store<u32>(at, flags, FLAGS);
    if (flags & DEAD) {
      if (flags & SHOWN) retract(owner, S, node, gone);
      continue;
    }
    const end = endOf(load<i64>(at, LAST), gap, longest);
    if (flags & MODIFIED) {
      if (flags & SHOWN && moved(at, end)) {
        retract(owner, S, node, gone);
        store<u32>(at, flags & ~(SHOWN | EARLY), FLAGS);
      }
      if (later(end, delay) <= watermark) give(owner, S, node, end, 0, out, gone);
    }
    // A node that is queued for an earlier time is queued again then: so it is in the queue once, however often it changes.
    flags = load<u32>(at, FLAGS);
    const due = dueOf(owner, at, end);
    if (flags & QUEUED && load<i64>(at, DUE) <= due) continue;
    store<u32>(at, flags | QUEUED, FLAGS);
    store<i64>(at, due, DUE);
    pushDue(owner, due, node);
  }
  store<u32>(owner, 0, CHANGED);
  store<u32>(owner, 0, CHANGED_COUNT);
  const queue = <usize>load<u32>(owner, QUEUE);
  while (load<u32>(owner, QUEUE_COUNT) > 0 && load<i64>(queue) <= watermark) {
    const entryDue = load<i64>(queue);
    const node = <usize>load<u32>(queue, 8);
    popDue(owner);
    const at = node + S;
    const flags = load<u32>(at, FLAGS);
    if (flags & DEAD || load<i64>(at, DUE) != entryDue) continue;
    const end = endOf(load<i64>(at, LAST), gap, longest);
    if (flags & (MODIFIED | EARLY) && later(end, delay) <= watermark) {
      if (flags & MODIFIED) give(owner, S, node, end, 0, out, gone);
      else store<u32>(at, flags & ~EARLY, FLAGS);
    }
    const due = dueOf(owner, at, end);
    if (due > watermark) {
      store<i64>(at, due, DUE);
      pushDue(owner, due, node);
      continue;
    }
    unlink(S, node);
    store<u32>(owner, load<u32>(owner, DEAD_COUNT) + 1, DEAD_COUNT);
  }
  const count = <usize>load<u32>(owner, QUEUE_COUNT);
  store<i64>(owner, count > 0 ? load<i64>(queue) : i64.MAX_VALUE, LEAST);
  for (let entry: usize = 0; early && entry < count; entry++) {
    const node = <usize>load<u32>(queue + (entry << 4), 8);
    const at = node + S;
    const flags = load<u32>(at, FLAGS);
    if (!(flags & DEAD) && flags & MODIFIED) give(owner, S, node, endOf(load<i64>(at, LAST), gap, longest), EARLY, out, gone);
  }
  return load<u32>(owner, FIRST_COUNT);
}

/** Takes a node off its key's list, for good. */
function unlink(S: usize, node: usize): void {
  const at = node + S;
  store<u32>(at, load<u32>(at, FLAGS) | DEAD, FLAGS);
  const home = <usize>load<u32>(at, HOME);
  const next = load<u32>(at, NEXT);
  let newer = <usize>load<u32>(home, HEAD);
  if (newer == node) {
    store<u32>(home, next, HEAD);
    return;
  }
  while (<usize>load<u32>(newer + S, NEXT) != node) newer = <usize>load<u32>(newer + S, NEXT);
  store<u32>(newer + S, next, NEXT);
}

/** Moves rows from their keys' cells to the windows that they fill, see the interface. */
export function countSlots(owner: usize, from: i32, rows: i32, slots: usize, size: i64, template: usize): i32 {
  const table = <usize>load<u32>(owner);
  const S = <usize>load<u32>(owner, STATE_BYTES);
  for (let row = from; row < rows; row++) {
    const slot = slots + (<usize>row << 2);
    const home = <usize>load<u32>(slot);
    let node = <usize>load<u32>(home, HEAD);
    if (!node) {
      node = newNode(table, S, home, template);
      if (!node) return row;
      const number = load<i64>(home, NUMBER);
      store<i64>(node + S, number);
      store<i64>(home, number + 1, NUMBER);
      store<u32>(home, <u32>node, HEAD);
    }
    const at = node + S;
    const filled = load<i64>(at, LAST) + 1;
    store<i64>(at, filled, LAST);
    store<u32>(slot, <u32>node);
    if (filled < size) continue;
    store<u32>(home, 0, HEAD);
    list(owner, node, at, load<u32>(at, FLAGS));
    store<u32>(owner, load<u32>(owner, DEAD_COUNT) + 1, DEAD_COUNT);
    store<i64>(owner, i64.MIN_VALUE, LEAST);
  }
  return rows;
}
