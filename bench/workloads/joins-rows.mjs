import { below, scatter, xorshift } from '../random.mjs';

/**
 * Rows for joins, as columns: ads with a key each, and events that name the key of an ad from a while ago. Time ascends by so many ads a
 * millisecond that `LIVE` keys are within reach at any time. One event in ten comes after its ad's time is over: then the time decides.
 */
export const LIVE = 1_000_000;
/** Event time for which an ad is live, in ms. */
export const REACH_MS = 1000;
const START_MS = Date.UTC(2025, 0, 1);
const TOO_LATE_ONE_IN = 10;
const UNKNOWN = 0x8000_0000;

const column = rows => new BigInt64Array(rows);
const words = values => new Int32Array(values.buffer, values.byteOffset, values.length * 2);
function setTime(times, row, ms) {
  times[row * 2] = ms | 0;
  times[row * 2 + 1] = Math.floor(ms / 4294967296);
}

/** `live`: how many keys are within reach at any time. */
export function makeAds(rows, live) {
  const random = xorshift(11);
  const key = column(rows), at = column(rows), value = column(rows);
  const keys = words(key), times = words(at), values = words(value);
  for (let row = 0; row < rows; row++) {
    scatter(row, keys, row * 2);
    setTime(times, row, START_MS + Math.floor(row * REACH_MS / live));
    values[row * 2] = below(1000, random);
  }
  return { rows, key, at, value };
}

/** `perAd` events for each of `ads` ads; `ad[row]` is the number of the row's ad, negative if there is none. */
export function makeEvents(ads, perAd, live, seed) {
  const random = xorshift(seed);
  const rows = Math.round(ads * perAd);
  const ad = new Int32Array(rows), key = column(rows), at = column(rows), value = column(rows);
  const keys = words(key), times = words(at), values = words(value);
  for (let row = 0; row < rows; row++) {
    const now = Math.floor(row / perAd);
    const ago = below(live, random) + (below(TOO_LATE_ONE_IN, random) === 0 ? live + live / 100 : 0);
    // At the beginning some name an ad from before, which no one knows.
    ad[row] = now - ago;
    scatter(ad[row] < 0 ? UNKNOWN + row : ad[row], keys, row * 2);
    setTime(times, row, START_MS + Math.floor(now * REACH_MS / live));
    values[row * 2] = below(1000, random);
  }
  return { rows, ad, key, at, value };
}

/** What each event is worth: for ads, by number, how many events match and what their values sum up to. Straight from the rule. */
export function matchesOf(ads, events) {
  const counts = new Int32Array(ads.rows), sums = new Float64Array(ads.rows);
  const low = words(ads.at), eventLow = words(events.at), values = words(events.value);
  for (let row = 0; row < events.rows; row++) {
    const ad = events.ad[row];
    if (ad < 0) continue;
    // The high words are equal or one apart, and the difference fits 32 bits.
    const after = (eventLow[row * 2] - low[ad * 2]) | 0;
    if (after < 0 || after > REACH_MS) continue;
    counts[ad]++;
    sums[ad] += values[row * 2];
  }
  return { counts, sums };
}

/** The one row that a join of ads with all of `matches` comes to: how many combinations there are, and the sums of each side's values over them. */
export function totals(ads, ...matches) {
  const values = words(ads.value);
  let count = 0, left = 0;
  const sums = matches.map(() => 0);
  for (let ad = 0; ad < ads.rows; ad++) {
    const combinations = matches.reduce((product, { counts }) => product * counts[ad], 1);
    count += combinations;
    left += combinations * values[ad * 2];
    if (combinations > 0) matches.forEach((one, i) => { sums[i] += one.sums[ad] * combinations / one.counts[ad]; });
  }
  return [count, left, ...sums];
}
