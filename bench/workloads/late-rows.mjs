import { below, gather, scatter, xorshift } from '../random.mjs';

export const WINDOW_MS = 60_000;
export const ACCEPT_MS = 12 * 3_600_000;
/** Some stragglers are too late even so. */
const LATEST_MS = ACCEPT_MS + 1_800_000;
/** Of the second half of each minute's rows: 5 % of all. */
const STRAGGLERS_IN = 10;
const START_MS = Date.UTC(2026, 0, 1);

/**
 * Rows of scattered int64 keys, values and times, on a SharedArrayBuffer. Every minute has each key in the first half of its rows, so
 * that all windows have all keys; of the second half one in 10 is up to 12.5 hours earlier than it should be.
 */
export function lateRows(rows, keys, seed = 11) {
  const random = xorshift(seed);
  const perMinute = keys * 2;
  const [key, value, at] = Array.from({ length: 3 }, () => new BigInt64Array(new SharedArrayBuffer(rows * 8)));
  // A bigint per row would take longer than all the rest: values and times are written as two words.
  const [keyWords, valueWords, atWords] = [key, value, at].map(({ buffer }) => new Int32Array(buffer));
  const expected = new MinuteSums(keys, START_MS - LATEST_MS, START_MS + Math.floor((rows - 1) / perMinute) * WINDOW_MS);
  for (let row = 0, latest = -Infinity; row < rows; row++) {
    const minute = Math.floor(row / perMinute), place = row - minute * perMinute;
    const onTime = START_MS + minute * WINDOW_MS + Math.floor(place * WINDOW_MS / perMinute);
    const moved = place >= keys && below(STRAGGLERS_IN, random) === 0;
    const ms = moved ? onTime - 1 - below(LATEST_MS, random) : onTime;
    const number = place < keys ? place : below(keys, random), amount = below(2_000_000, random) - 1_000_000;
    scatter(number, keyWords, row * 2);
    valueWords[row * 2] = amount;
    valueWords[row * 2 + 1] = amount >> 31;
    atWords[row * 2] = ms >>> 0;
    atWords[row * 2 + 1] = Math.floor(ms / 4294967296);
    if (isLate(ms, latest)) expected.late++;
    else expected.add(number, ms, amount);
    latest = Math.max(latest, ms);
  }
  return { key, value, at, expected };
}

/** The rule of docs/semantics.md: what its window accepts ends at or before the watermark just before the row. `latest`: the greatest time before it. */
export const isLate = (ms, latest) => ms - (ms % WINDOW_MS) + WINDOW_MS + ACCEPT_MS <= latest;

/** Counts and sums per key and minute, by a loop that shares no code with what it checks. */
class MinuteSums {
  late = 0;
  constructor(keys, fromMs, lastMs) {
    this.keys = keys;
    this.first = fromMs - (fromMs % WINDOW_MS);
    this.groups = (Math.floor((lastMs - this.first) / WINDOW_MS) + 1) * keys;
    this.counts = new Int32Array(this.groups);
    this.sums = new Float64Array(this.groups);
  }
  add(number, ms, amount) {
    const at = this.place(number, ms);
    this.counts[at]++;
    this.sums[at] += amount;
  }
  place(number, ms) {
    return Math.floor((ms - this.first) / WINDOW_MS) * this.keys + number;
  }
}

/** Folds a changelog, whatever its order: of each key and window the result of the greatest version counts. */
export class ChangelogCheck {
  wrong = 0;
  /** Results that replaced another of their group. */
  revisions = 0;
  constructor(expected) {
    this.expected = expected;
    this.versions = new Int32Array(expected.groups);
    this.counts = new Int32Array(expected.groups);
    this.sums = new Float64Array(expected.groups);
  }
  /** `low`, `high`: the key. */
  add(low, high, startMs, version, count, sum) {
    const { expected, versions } = this;
    const number = gather(low, high), at = expected.place(number, startMs);
    const known = number >= 0 && number < expected.keys && startMs % WINDOW_MS === 0 && at >= 0 && at < expected.groups;
    if (!known || version <= 0 || version === versions[at]) return this.wrong++;
    if (versions[at] > 0) this.revisions++;
    if (version < versions[at]) return;
    versions[at] = version;
    this.counts[at] = count;
    this.sums[at] = sum;
  }
  get equal() {
    const { counts, sums, expected } = this;
    return this.wrong === 0 && counts.every((count, at) => count === expected.counts[at]) && sums.every((sum, at) => sum === expected.sums[at]);
  }
}
