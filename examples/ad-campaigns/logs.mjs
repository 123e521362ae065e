import { dice, sortedOrder } from './random.mjs';
import { ADDRESSES, BOTS, COUNTED_FOR_MS, DAY_MS, HOUR_MS, ID_BASES, pickCampaign } from './world.mjs';

/**
 * The three logs of a day as columns, each in the order of arrival: which ads were served, viewed and clicked. `at` is in ms since the day's
 * start. What a real log has is in them:
 *
 * - rows out of order by seconds, some by hours, and (`late`) a few by so much that no job waits for them;
 * - the same row twice, as a client writes it who got no answer;
 * - ads, views and clicks of bots;
 * - views hours after the ad was served, up to the limit and beyond, and by clocks that go wrong just before;
 * - views of ads that nobody knows.
 */
const SHARE_SERVED = 0.545;
const TWICE = 0.005;

/** Rows that grow: typed arrays of one length. */
class Rows {
  length = 0;
  constructor(capacity, columns) {
    this.columns = Object.fromEntries(Object.entries({ arrival: Int32Array, at: Int32Array, ...columns }).map(([name, Type]) => [name, new Type(capacity)]));
  }
  grow() {
    for (const [name, old] of Object.entries(this.columns)) (this.columns[name] = new old.constructor(old.length * 2)).set(old);
  }
  /** The row for the next one: the caller sets its columns. */
  next() {
    if (this.length === this.columns.at.length) this.grow();
    return this.length++;
  }
  byArrival() {
    const order = sortedOrder(this.columns.arrival.subarray(0, this.length));
    return Object.fromEntries(Object.entries(this.columns).map(([name, values]) => {
      const sorted = new values.constructor(order.length);
      for (let i = 0; i < order.length; i++) sorted[i] = values[order[i]];
      return [name, sorted];
    }));
  }
}

/** `events`: about how many rows all logs have together. */
export function makeLogs({ events, seed = 1, late = true }) {
  const random = dice(seed);
  const ads = Math.max(1, Math.round(events * SHARE_SERVED));
  const one = { number: Uint32Array, ad: Uint32Array, ip: Uint32Array };
  const served = new Rows(Math.ceil(ads * 1.01) + 16, { ad: Uint32Array, campaign: Uint16Array, user: Uint32Array, ip: Uint32Array, price: Int32Array });
  const views = new Rows(Math.ceil(ads * 0.8) + 16, one), clicks = new Rows(Math.ceil(ads * 0.05) + 16, one);

  const twice = (rows, row) => {
    if (!random.chance(TWICE)) return;
    const again = rows.next();
    for (const values of Object.values(rows.columns)) values[again] = values[row];
    rows.columns.arrival[again] += random.skewed(100, 60_000);
  };
  const seen = (rows, base, ad, ip, at) => {
    const row = rows.next(), { columns } = rows;
    columns.number[row] = base + row;
    columns.ad[row] = ad;
    columns.ip[row] = ip;
    columns.at[row] = at;
    columns.arrival[row] = at + onTheWay(random, late);
    twice(rows, row);
  };

  for (let ad = 0; ad < ads; ad++) {
    const at = Math.floor((ad + random.unit()) * (DAY_MS / ads));
    const user = random.below(1_000_000);
    const ip = random.chance(1 / 30) ? random.below(BOTS.length) : BOTS.length + user % (ADDRESSES - BOTS.length);
    const row = served.next(), { columns } = served;
    columns.ad[row] = ad;
    columns.campaign[row] = pickCampaign(random);
    columns.user[row] = user;
    columns.ip[row] = ip;
    columns.at[row] = at;
    columns.price[row] = random.chance(0.1) ? -1 : random.skewed(5, 10_000);
    columns.arrival[row] = at + onTheWay(random, late);
    twice(served, row);
    const known = random.chance(0.995) ? ad : ID_BASES.adOfAnotherDay + ad;
    for (let left = viewsOf(random); left > 0; left--) {
      const viewed = Math.max(0, at + viewDelay(random));
      const from = random.chance(0.95) ? ip : random.below(ADDRESSES);
      seen(views, ID_BASES.view, known, from, viewed);
      if (random.chance(0.05)) seen(clicks, ID_BASES.click, known, from, viewed + random.skewed(500, 90_000));
    }
  }
  return { served: served.byArrival(), views: views.byArrival(), clicks: clicks.byArrival() };
}

const viewsOf = random => {
  const draw = random.unit();
  return draw < 0.36 ? 0 : draw < 0.87 ? 1 : draw < 0.97 ? 2 : 3;
};

/** From an ad's being served to its being seen, in ms. */
function viewDelay(random) {
  const draw = random.unit();
  if (draw < 0.85) return random.skewed(200, 10_000);
  if (draw < 0.95) return random.skewed(10_000, 5 * 60_000);
  if (draw < 0.985) return random.skewed(5 * 60_000, HOUR_MS);
  if (draw < 0.9975) return random.skewed(HOUR_MS, COUNTED_FOR_MS);
  // At the limit, and just beyond; far beyond; and by a clock that is behind.
  if (draw < 0.9982) return COUNTED_FOR_MS + random.below(2);
  if (draw < 0.9992) return COUNTED_FOR_MS + random.skewed(1000, HOUR_MS);
  return -random.below(500);
}

/** From an event to its arrival in the log, in ms: disorder of seconds, of hours, and what comes too late. */
function onTheWay(random, late) {
  const draw = random.unit();
  if (draw < 0.97) return random.below(2000);
  if (draw < 0.997) return random.below(25_000);
  if (draw < 0.9995 || !late) return random.skewed(10 * 60_000, 2.8 * HOUR_MS);
  return random.skewed(4 * HOUR_MS, 8 * HOUR_MS);
}
