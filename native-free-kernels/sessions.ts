import { dueQueue } from './due-queue.js';
import type { HeapViews } from './heap-views.js';
import { stateOfKey } from './key-state.js';
import { greatest, I64_MAX, I64_MIN, intoPeriod, later, least } from './session-times.js';

/** Windows that each key makes for itself, see src/state/session-layout.ts for the layout of stores and nodes. */
export interface SessionKernels {
  /**
   * slots[i], the cell of row i's key, becomes the node of the session that the row joins or begins. `bounds`: sessions that end there or
   * before are closed, by element as `times`. Rows that are late are listed in `late` (u32) and have slot 0; nodes that become one go to
   * `merges`: survivors, and from the `rows`-th word on what they absorb. Returns how many rows were done: fewer than `rows` where the
   * arena must grow first; counts go on from those in the store. `runs`, where given, has the run that row i begins: its other rows go with it,
   * unless they might go elsewhere. Then it and all later runs of its key are undone, which are counted, and have slot 0.
   */
  sessionSlots(owner: number, from: number, rows: number, positions: number, slots: number, times: number, bounds: number, runs: number, template: number, late: number, merges: number): number;
  /**
   * Lists the nodes (u32) that the watermark completes in `out`, `early` (1 or 0) all others that have changed, too; and what was given out
   * and no longer holds in `gone`, as 40 bytes [key, start, end, version, flags]. Returns how many in `out`. REQUIRES: room in the queue for
   * all that have changed.
   */
  fireSessions(owner: number, watermark: bigint, early: number, out: number, gone: number): number;
  /** slots[i], the cell of row i's key, becomes the node of the window of `size` rows that fills. Full ones are listed in the store. Returns as `sessionSlots`. */
  countSlots(owner: number, from: number, rows: number, slots: number, size: bigint, template: number): number;
}

const enum Flag { dead = 1, listed = 2, shown = 4, modified = 8, nullKey = 16, queued = 32, early = 64 }

const FIELD_BYTES = 64;

const samePeriod = (a: bigint, b: bigint, longest: bigint): boolean => longest === 0n || a - intoPeriod(a, longest) === b - intoPeriod(b, longest);

export const sessionTwins = (heap: HeapViews): SessionKernels => {
  const { u8, u32, i64 } = heap;
  const { push, pop } = dueQueue(heap);
  const newState = stateOfKey(heap);
  /** One node: its states at `address`, its fields behind them. */
  const nodeAt = (address: number, owner: number): { readonly address: number; readonly i: number; readonly w: number } => {
    const fields = address + u32[(owner >>> 2) + 8]!;
    return { address, i: fields >>> 3, w: fields >>> 2 };
  };
  const store = (owner: number): { gap: bigint; longest: bigint; accept: bigint; delay: bigint } => {
    const at = owner >>> 3;
    return { gap: i64[at + 5]!, longest: i64[at + 6]!, accept: i64[at + 7]!, delay: i64[at + 8]! };
  };
  const endOf = (owner: number, last: bigint): bigint => {
    const { gap, longest } = store(owner);
    return last + (longest === 0n ? gap : least(gap, longest - intoPeriod(last, longest)));
  };
  const list = (owner: number, address: number): void => {
    const { w } = nodeAt(address, owner);
    if (u32[w + 14]! & Flag.listed) return;
    u32[w + 14]! |= Flag.listed;
    u32[w + 15] = u32[(owner >>> 2) + 4]!;
    u32[(owner >>> 2) + 4] = address;
    u32[(owner >>> 2) + 5]!++;
  };
  const newNode = (owner: number, home: number, template: number): number => {
    const table = u32[owner >>> 2]!;
    const stateBytes = u32[(owner >>> 2) + 8]!;
    const address = newState(table, stateBytes, FIELD_BYTES, home, template);
    if (!address) return 0;
    u8.fill(0, address + stateBytes, address + stateBytes + FIELD_BYTES);
    const { w } = nodeAt(address, owner);
    u32[w + 13] = home;
    u32[w + 14] = home === u32[(table >>> 2) + 3] ? Flag.nullKey : 0;
    return address;
  };
  const joins = (owner: number, address: number, time: bigint, bound: bigint): boolean => {
    const { gap, longest } = store(owner);
    const { i } = nodeAt(address, owner);
    return time <= i64[i + 1]! + gap && samePeriod(i64[i]!, time, longest) && endOf(owner, i64[i + 1]!) > bound;
  };
  const absorb = (owner: number, node: number, older: number, rows: number, merges: number): void => {
    const [to, from] = [nodeAt(node, owner), nodeAt(older, owner)];
    i64[to.i] = i64[from.i]!;
    u32[to.w + 12] = u32[from.w + 12]!;
    i64[to.i + 5] = greatest(i64[to.i + 5]!, i64[from.i + 5]!);
    u32[from.w + 14]! |= Flag.dead;
    if (u32[from.w + 14]! & Flag.shown) {
      list(owner, older);
      if (!(u32[from.w + 14]! & Flag.early)) i64[(owner >>> 3) + 3] = I64_MIN;
    }
    u32[(owner >>> 2) + 9]!++;
    const count = u32[(owner >>> 2) + 19]!++;
    u32[(merges >>> 2) + count] = node;
    u32[(merges >>> 2) + rows + count] = older;
  };
  /** Whether nothing but where its first row goes, to `node` or before it, is within reach of any row of a run. */
  const staysWhole = (owner: number, run: number, time: bigint, joined: boolean, newer: number, node: number): boolean => {
    const { gap } = store(owner);
    const { i } = nodeAt(run, owner);
    const [first, last] = [i64[i]!, i64[i + 1]!];
    if (first === time && last === time) return true;
    if (newer && i64[nodeAt(newer, owner).i]! <= last + gap) return false;
    if (first >= (joined ? least(time, i64[nodeAt(node, owner).i]!) : time)) return true;
    const older = joined ? u32[nodeAt(node, owner).w + 12]! : node;
    return !older || first > i64[nodeAt(older, owner).i + 1]! + gap;
  };
  const extend = (owner: number, address: number, run: number): void => {
    const [{ i }, { i: by }] = [nodeAt(address, owner), nodeAt(run, owner)];
    i64[i] = least(i64[i]!, i64[by]!);
    i64[i + 1] = greatest(i64[i + 1]!, i64[by + 1]!);
  };
  const retract = (owner: number, address: number, gone: number): void => {
    const { i, w } = nodeAt(address, owner);
    const record = (gone >>> 3) + u32[(owner >>> 2) + 19]!++ * 5;
    i64[i + 5]!++;
    i64.set([i64[address >>> 3]!, i64[i + 2]!, i64[i + 3]!, i64[i + 5]!, BigInt(u32[w + 14]! & Flag.nullKey)], record);
  };
  const unlink = (owner: number, address: number): void => {
    const { w } = nodeAt(address, owner);
    u32[w + 14]! |= Flag.dead;
    const home = u32[w + 13]! >>> 2;
    if (u32[home + 2] === address) {
      u32[home + 2] = u32[w + 12]!;
      return;
    }
    let newer = u32[home + 2]!;
    while (u32[nodeAt(newer, owner).w + 12] !== address) newer = u32[nodeAt(newer, owner).w + 12]!;
    u32[nodeAt(newer, owner).w + 12] = u32[w + 12]!;
  };
  const moved = (owner: number, address: number): boolean => {
    const { i } = nodeAt(address, owner);
    return i64[i] !== i64[i + 2] || endOf(owner, i64[i + 1]!) !== i64[i + 3];
  };
  const give = (owner: number, address: number, early: number, out: number, gone: number): void => {
    const { i, w } = nodeAt(address, owner);
    if (u32[w + 14]! & Flag.shown && moved(owner, address)) retract(owner, address, gone);
    i64[i + 5]!++;
    i64[i + 2] = i64[i]!;
    i64[i + 3] = endOf(owner, i64[i + 1]!);
    u32[w + 14] = (u32[w + 14]! & ~(Flag.modified | Flag.early)) | Flag.shown | early;
    u32[(out >>> 2) + u32[(owner >>> 2) + 18]!++] = address;
  };
  const isComplete = (owner: number, address: number, watermark: bigint): boolean =>
    later(endOf(owner, i64[nodeAt(address, owner).i + 1]!), store(owner).delay) <= watermark;
  const dueOf = (owner: number, address: number): bigint => {
    const { i, w } = nodeAt(address, owner);
    const { accept, delay } = store(owner);
    return later(endOf(owner, i64[i + 1]!), u32[w + 14]! & (Flag.modified | Flag.early) ? delay : accept);
  };
  const enqueue = (owner: number, address: number, due: bigint): void => {
    const { i, w } = nodeAt(address, owner);
    u32[w + 14]! |= Flag.queued;
    i64[i + 4] = due;
    push(owner, due, address);
  };
  /** Has the changed nodes queued by when they have something to do, and what no longer holds of them noted. */
  const drain = (owner: number, watermark: bigint, out: number, gone: number): void => {
    for (let address = u32[(owner >>> 2) + 4]!; address; address = u32[nodeAt(address, owner).w + 15]!) {
      const { i, w } = nodeAt(address, owner);
      u32[w + 14]! &= ~Flag.listed;
      const flags = u32[w + 14]!;
      if (flags & Flag.dead) {
        if (flags & Flag.shown) retract(owner, address, gone);
        continue;
      }
      if (flags & Flag.modified && flags & Flag.shown && moved(owner, address)) {
        retract(owner, address, gone);
        u32[w + 14]! &= ~(Flag.shown | Flag.early);
      }
      if (flags & Flag.modified && isComplete(owner, address, watermark)) give(owner, address, 0, out, gone);
      const due = dueOf(owner, address);
      if (!(flags & Flag.queued) || due < i64[i + 4]!) enqueue(owner, address, due);
    }
    u32[(owner >>> 2) + 4] = u32[(owner >>> 2) + 5] = 0;
  };
  return {
    sessionSlots(owner, from, rows, positions, slots, times, bounds, runs, template, late, merges) {
      const { gap, longest, delay } = store(owner);
      for (let row = from; row < rows; row++) {
        const element = positions ? u32[(positions >>> 2) + row]! : row;
        const [time, bound] = [i64[(times >>> 3) + element]!, i64[(bounds >>> 3) + element]!];
        const home = u32[(slots >>> 2) + row]!;
        let newer = 0;
        let node = u32[(home >>> 2) + 2]!;
        while (node) {
          const start = i64[nodeAt(node, owner).i]!;
          if (start <= time || (start - time <= gap && samePeriod(start, time, longest))) break;
          newer = node;
          node = u32[nodeAt(node, owner).w + 12]!;
        }
        const joined = node !== 0 && joins(owner, node, time, bound);
        const run = runs ? u32[(runs >>> 2) + row]! : 0;
        const own = nodeAt(run, owner).w;
        const mark = (u32[own + 8]! >>> 2) + 3;
        if (run && (u32[mark] || !staysWhole(owner, run, time, joined, newer, node))) {
          u32[mark] = u32[own + 9] = 1;
          u32[(owner >>> 2) + 20]!++;
          u32[(slots >>> 2) + row] = 0;
          continue;
        }
        if (joined) {
          const { i, w } = nodeAt(node, owner);
          if (time > i64[i + 1]!) i64[i + 1] = time;
          else if (time < i64[i]!) {
            i64[i] = time;
            const older = u32[w + 12]!;
            if (older && joins(owner, older, time, bound)) absorb(owner, node, older, rows, merges);
          }
          u32[w + 14]! |= Flag.modified;
          if (u32[w + 14]! & Flag.shown && !(u32[w + 14]! & Flag.early)) {
            list(owner, node);
            i64[(owner >>> 3) + 3] = I64_MIN;
          }
          if (run) extend(owner, node, run);
          u32[(slots >>> 2) + row] = node;
          continue;
        }
        const end = endOf(owner, time);
        if (end <= bound) {
          u32[(late >>> 2) + u32[(owner >>> 2) + 18]!++] = row;
          u32[(slots >>> 2) + row] = 0;
          continue;
        }
        const made = newNode(owner, home, template);
        if (!made) return row;
        const { i, w } = nodeAt(made, owner);
        i64[i] = i64[i + 1] = time;
        u32[w + 12] = node;
        if (newer) u32[nodeAt(newer, owner).w + 12] = made;
        else u32[(home >>> 2) + 2] = made;
        u32[w + 14]! |= Flag.modified;
        list(owner, made);
        i64[(owner >>> 3) + 3] = least(i64[(owner >>> 3) + 3]!, later(end, delay));
        if (run) extend(owner, made, run);
        u32[(slots >>> 2) + row] = made;
      }
      return rows;
    },
    fireSessions(owner, watermark, early, out, gone) {
      u32.fill(0, (owner >>> 2) + 18, (owner >>> 2) + 20);
      drain(owner, watermark, out, gone);
      const queue = u32[(owner >>> 2) + 1]! >>> 3;
      while (u32[(owner >>> 2) + 2]! > 0 && i64[queue]! <= watermark) {
        const { due: entryDue, node } = pop(owner);
        const { i, w } = nodeAt(node, owner);
        if (u32[w + 14]! & Flag.dead || i64[i + 4] !== entryDue) continue;
        if (isComplete(owner, node, watermark)) {
          if (u32[w + 14]! & Flag.modified) give(owner, node, 0, out, gone);
          u32[w + 14]! &= ~Flag.early;
        }
        const due = dueOf(owner, node);
        if (due > watermark) {
          enqueue(owner, node, due);
          continue;
        }
        unlink(owner, node);
        u32[(owner >>> 2) + 9]!++;
      }
      const count = u32[(owner >>> 2) + 2]!;
      i64[(owner >>> 3) + 3] = count > 0 ? i64[queue]! : I64_MAX;
      for (let entry = 0; early && entry < count; entry++) {
        const node = Number(i64[queue + entry * 2 + 1]!);
        const flags = u32[nodeAt(node, owner).w + 14]!;
        if (!(flags & Flag.dead) && flags & Flag.modified) give(owner, node, Flag.early, out, gone);
      }
      return u32[(owner >>> 2) + 18]!;
    },
    countSlots(owner, from, rows, slots, size, template) {
      for (let row = from; row < rows; row++) {
        const home = u32[(slots >>> 2) + row]!;
        let node = u32[(home >>> 2) + 2]!;
        if (!node) {
          node = newNode(owner, home, template);
          if (!node) return row;
          i64[nodeAt(node, owner).i] = i64[(home >>> 3) + 2]!++;
          u32[(home >>> 2) + 2] = node;
        }
        const { i } = nodeAt(node, owner);
        const filled = ++i64[i + 1]!;
        u32[(slots >>> 2) + row] = node;
        if (filled < size) continue;
        u32[(home >>> 2) + 2] = 0;
        list(owner, node);
        u32[(owner >>> 2) + 9]!++;
        i64[(owner >>> 3) + 3] = I64_MIN;
      }
      return rows;
    },
  };
};
