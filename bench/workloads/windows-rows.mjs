import { below, gather, scatter, xorshift } from '../random.mjs';

/** A million rows per second of event time: slices are large. For few rows: still many windows. */
const DENSE_PER_MS = 1000;
const SPARSE_PER_MS = 10;
/** On the boundary of a window of any size here. */
const START_MS = Date.UTC(2026, 0, 1);
const STRAGGLERS_IN = 20;
export const STRAGGLER_MS = 60_000;
/** Every window here begins and ends at a multiple. */
const SLICE_MS = 100;

/** Rows of scattered int64 keys, values and ascending times; `disordered`: the same times, but that one in 20 is up to a minute earlier. */
export function windowRows(rows, keys, small, seed = 5) {
  const random = xorshift(seed);
  const perMs = small ? SPARSE_PER_MS : DENSE_PER_MS;
  const key = new BigInt64Array(rows), value = new BigInt64Array(rows), at = new BigInt64Array(rows), disordered = new BigInt64Array(rows);
  // A bigint per row would take longer than all the rest: values and times are written as two words.
  const [keyWords, valueWords, atWords, disorderedWords] = [key, value, at, disordered].map(({ buffer }) => new Int32Array(buffer));
  const lastMs = START_MS + Math.floor((rows - 1) / perMs);
  const sessions = new Sessions(keys, sessionGapMs(keys, small));
  const ordered = new WindowSums(keys, START_MS, lastMs), late = new WindowSums(keys, START_MS - STRAGGLER_MS, lastMs);
  for (let row = 0; row < rows; row++) {
    const number = below(keys, random), amount = below(2_000_000, random) - 1_000_000;
    const ms = START_MS + Math.floor(row / perMs);
    const moved = below(STRAGGLERS_IN, random) === 0 ? ms - 1 - below(STRAGGLER_MS, random) : ms;
    scatter(number, keyWords, row * 2);
    valueWords[row * 2] = amount;
    valueWords[row * 2 + 1] = amount >> 31;
    writeTime(atWords, row, ms);
    writeTime(disorderedWords, row, moved);
    ordered.add(number, ms, amount);
    late.add(number, moved, amount);
    sessions.add(number, ms, amount);
  }
  return { key, value, at, disordered, expected: ordered.summed(), expectedDisordered: late.summed(), expectedSessions: sessions };
}
/** Ten times what is usual between two rows of a key: sessions end all along, and have some ten thousand rows. */
export const sessionGapMs = (keys, small) => 10 * keys / (small ? SPARSE_PER_MS : DENSE_PER_MS);

function writeTime(words, row, ms) {
  words[row * 2] = ms >>> 0;
  words[row * 2 + 1] = Math.floor(ms / 4294967296);
}

/** Counts and sums per key and 100 ms, as prefix sums: what any window has is one difference. It shares no code with what it checks. */
class WindowSums {
  constructor(keys, fromMs, lastMs) {
    this.keys = keys;
    this.first = fromMs - (fromMs % SLICE_MS);
    this.slices = Math.floor((lastMs - this.first) / SLICE_MS) + 1;
    // The entry of a slice has all before it.
    this.counts = new Float64Array((this.slices + 1) * keys);
    this.sums = new Float64Array((this.slices + 1) * keys);
  }
  add(number, ms, amount) {
    const at = (Math.floor((ms - this.first) / SLICE_MS) + 1) * this.keys + number;
    this.counts[at]++;
    this.sums[at] += amount;
  }
  summed() {
    for (let at = this.keys; at < this.counts.length; at++) {
      this.counts[at] += this.counts[at - this.keys];
      this.sums[at] += this.sums[at - this.keys];
    }
    return this;
  }
  /** Where the prefix sums up to a time lie. */
  place(ms) {
    return Math.min(Math.max(Math.round((ms - this.first) / SLICE_MS), 0), this.slices) * this.keys;
  }
  /** Starts of the windows that can have rows. */
  starts(sizeMs, slideMs) {
    const starts = [];
    const end = this.first + this.slices * SLICE_MS;
    for (let start = Math.floor((this.first - sizeMs) / slideMs + 1) * slideMs; start < end; start += slideMs) starts.push(start);
    return starts;
  }
}

/** Compares result rows with the prefix sums, in whatever order they come: every key and window that has rows, exactly once. */
export class WindowCheck {
  constructor(expected, sizeMs, slideMs) {
    this.expected = expected;
    this.sizeMs = sizeMs;
    this.windows = new Map(expected.starts(sizeMs, slideMs).map((start, index) => [start, index]));
    this.seen = new Uint8Array(this.windows.size * expected.keys);
    this.wrong = 0;
  }
  /** `low`, `high`: the key. */
  add(low, high, startMs, count, sum) {
    const { expected, seen } = this;
    const number = gather(low, high), window = this.windows.get(startMs);
    const at = window * expected.keys + number;
    if (window === undefined || number < 0 || number >= expected.keys || seen[at]) return this.wrong++;
    seen[at] = 1;
    const from = expected.place(startMs) + number, to = expected.place(startMs + this.sizeMs) + number;
    if (count === 0 || count !== expected.counts[to] - expected.counts[from] || sum !== expected.sums[to] - expected.sums[from]) this.wrong++;
  }
  get equal() {
    if (this.wrong > 0) return false;
    const { expected, seen } = this;
    for (const [start, window] of this.windows) {
      const from = expected.place(start), to = expected.place(start + this.sizeMs);
      for (let number = 0; number < expected.keys; number++) {
        if (expected.counts[to + number] > expected.counts[from + number] && !seen[window * expected.keys + number]) return false;
      }
    }
    return true;
  }
}

/** Count and sum per session of each key. REQUIRES: times ascend. */
class Sessions {
  constructor(keys, gapMs) {
    this.gapMs = gapMs;
    /** By key: start → session. */
    this.of = Array.from({ length: keys }, () => new Map());
    this.open = new Array(keys).fill(null);
  }
  add(number, ms, amount) {
    let session = this.open[number];
    if (session === null || ms - session.last > this.gapMs) {
      session = this.open[number] = { last: ms, count: 0, sum: 0 };
      this.of[number].set(ms, session);
    }
    session.last = ms;
    session.count++;
    session.sum += amount;
  }
}

/** As `WindowCheck`, for sessions: a session ends a gap after its last row. */
export class SessionCheck {
  constructor(expected) {
    this.expected = expected;
    this.left = expected.of.map(sessions => new Map(sessions));
    this.wrong = 0;
  }
  add(low, high, startMs, count, sum, endMs) {
    const sessions = this.left[gather(low, high)], session = sessions?.get(startMs);
    if (session?.count === count && session.sum === sum && session.last + this.expected.gapMs === endMs) sessions.delete(startMs);
    else this.wrong++;
  }
  get equal() {
    return this.wrong === 0 && this.left.every(sessions => sessions.size === 0);
  }
}
