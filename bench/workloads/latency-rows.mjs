import { below, gather, scatter, xorshift } from '../random.mjs';

export const WINDOW_MS = 100;
/** On the boundary of a window. */
const START_MS = Date.UTC(2026, 0, 1);

/**
 * Fills batches of an engine's table with rows of scattered int64 keys and ascending times, `perMs` of them a millisecond. Returns what
 * the windows should have: sums per key and window, by a loop that shares no code with what it checks.
 */
export function fillTable(table, rows, { keys, perMs, batchRows, seed = 7 }) {
  const random = xorshift(seed);
  const expected = new WindowTotals(keys, Math.ceil(rows / perMs / WINDOW_MS));
  for (let from = 0; from < rows; from += batchRows) {
    const batch = table.batch(Math.min(batchRows, rows - from));
    const value = batch.column('value');
    const [keyWords, atWords] = ['key', 'at'].map(name => words(batch.column(name)));
    for (let row = 0; row < value.length; row++) {
      const number = below(keys, random), amount = below(2_000_000, random) - 1_000_000;
      const offset = Math.floor((from + row) / perMs), ms = START_MS + offset;
      scatter(number, keyWords, row * 2);
      value[row] = amount;
      // A bigint per row would take longer than all the rest.
      atWords[row * 2] = ms >>> 0;
      atWords[row * 2 + 1] = Math.floor(ms / 4294967296);
      const at = Math.floor(offset / WINDOW_MS) * keys + number;
      expected.counts[at]++;
      expected.sums[at] += amount;
    }
    table.add(batch);
  }
  return expected;
}
const words = ({ buffer, byteOffset, length }) => new Int32Array(buffer, byteOffset, length * 2);

class WindowTotals {
  constructor(keys, windows) {
    this.keys = keys;
    this.windows = windows;
    this.counts = new Float64Array(keys * windows);
    this.sums = new Float64Array(keys * windows);
  }
  /** The number of the window that starts at a time; not a whole one where none does. */
  windowAt(ms) {
    return (ms - START_MS) / WINDOW_MS;
  }
}

/** Compares result rows with what they should be, in whatever order they come, and notes when each window was complete. */
export class EmissionCheck {
  wrong = 0;
  constructor(expected) {
    this.expected = expected;
    this.seen = new Uint8Array(expected.counts.length);
    /** When the last rows of a window came, in ms. */
    this.emittedAt = new Float64Array(expected.windows);
  }
  /** `low`, `high`: the key. */
  add(low, high, startMs, count, sum, atMs) {
    const { expected, seen } = this;
    const number = gather(low, high), window = expected.windowAt(startMs), at = window * expected.keys + number;
    const known = number >= 0 && number < expected.keys && Number.isInteger(window) && window >= 0 && window < expected.windows;
    if (!known || seen[at] || count !== expected.counts[at] || sum !== expected.sums[at]) return this.wrong++;
    seen[at] = 1;
    if (atMs > this.emittedAt[window]) this.emittedAt[window] = atMs;
  }
  get equal() {
    return this.wrong === 0 && this.expected.counts.every((count, at) => (count > 0) === (this.seen[at] === 1));
  }
}
