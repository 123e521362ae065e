import { below, shuffled, xorshift } from '../random.mjs';

/**
 * The events of the Yahoo Streaming Benchmark question, as columns: an ad (1,000, uniformly random), a type (3, uniformly random) and
 * a time. Event time ascends by 1,000 events a millisecond; one event in 100,000 is a straggler of up to a minute.
 */
const DENSITY = { eventsPerMs: 1000, stragglerEvery: 100_000 };
/** For few rows: still several windows, and stragglers enough to be late in each way. */
export const SPARSE = { eventsPerMs: 10, stragglerEvery: 1000 };
export const ADS = 1000;
export const CAMPAIGNS = 100;
export const TYPES = ['view', 'click', 'purchase'];
export const WINDOW_MS = 10_000;
export const OUT_OF_ORDERNESS_MS = 1000;
const STRAGGLER_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);

export const adName = ad => `ad-${String(ad).padStart(4, '0')}`;
export const campaignName = campaign => `campaign-${String(campaign).padStart(3, '0')}`;
/** The codes of the dictionaries are the numbers of ads and types. */
export const adNames = Array.from({ length: ADS }, (_, ad) => adName(ad));

/** Bytes of the three columns for one event. */
export const EVENT_BYTES = 2 + 1 + 8;

/**
 * Fills the columns, each `rows` long: adId Int16Array, eventType Int8Array, at BigInt64Array. They are made by the caller, so that
 * the same bytes can lie in the engine's heap, in a shared or in a private buffer.
 */
export function fillEvents({ adId, eventType, at }, { eventsPerMs, stragglerEvery } = DENSITY, seed = 42) {
  const random = xorshift(seed);
  // Times are written as two words: a bigint per row would take longer than all the rest.
  const words = new Uint32Array(at.buffer, at.byteOffset, at.length * 2);
  for (let row = 0; row < at.length; row++) {
    let ms = START_MS + Math.floor(row / eventsPerMs);
    if (below(stragglerEvery, random) === 0) ms -= 1 + below(STRAGGLER_MS, random);
    words[row * 2] = ms >>> 0;
    words[row * 2 + 1] = Math.floor(ms / 4294967296);
    const pick = below(ADS * TYPES.length, random);
    adId[row] = pick / TYPES.length;
    eventType[row] = pick % TYPES.length;
  }
}

/** The static table: every campaign has ten ads, in no order. */
export function campaignOfAd(seed = 7) {
  return shuffled(ADS, xorshift(seed)).map(place => place % CAMPAIGNS);
}

/** Milliseconds of one row, from the words of its column. */
export const timeOf = (words, row) => words[row * 2] + words[row * 2 + 1] * 4294967296;

/**
 * The rows that come too late, by the rule of docs/semantics.md: a row's window ended at or before the watermark as it stood just
 * before the row. A filtered row moves the watermark like any other. Ascending.
 */
export function lateRows(at) {
  const words = new Uint32Array(at.buffer, at.byteOffset, at.length * 2);
  const late = [];
  let latest = -Infinity;
  for (let row = 0; row < at.length; row++) {
    const ms = timeOf(words, row);
    if (ms - (ms % WINDOW_MS) + WINDOW_MS <= latest - OUT_OF_ORDERNESS_MS) late.push(row);
    if (ms > latest) latest = ms;
  }
  return late;
}
