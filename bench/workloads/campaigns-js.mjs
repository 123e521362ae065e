import { BOTS, COUNTED_FOR_MS } from '../../examples/ad-campaigns/world.mjs';

/**
 * The job of examples/ad-campaigns as a good programmer writes it in one thread of plain JavaScript, over whole logs: first all ads go to a
 * Map, then views and clicks are counted where their ad's minute is. It needs no windows and throws nothing away, which a stream that does not
 * end could not afford. Rules of lateness and of what repeats as the engine has them.
 */
export const OUT_OF_ORDERNESS_MS = 30_000;
export const WITHIN_MS = 3 * 3_600_000;
const bots = new Set(BOTS);

class Day {
  /** ad → { at, minute: { served, views, clicks } } */
  ads = new Map();
  /** campaign → minute since 1970 → counts */
  campaigns = new Map();
  late = 0;
  bad = 0;

  served(adId, campaignId, at) {
    if (this.ads.has(adId)) return;
    let minutes = this.campaigns.get(campaignId);
    if (minutes === undefined) this.campaigns.set(campaignId, minutes = new Map());
    const number = Math.floor(at / 60_000);
    let minute = minutes.get(number);
    if (minute === undefined) minutes.set(number, minute = { served: 0, views: 0, clicks: 0 });
    minute.served++;
    this.ads.set(adId, { at, minute });
  }
  /** The minute in which a view or click counts, or undefined. */
  minuteOf(adId, at) {
    const ad = this.ads.get(adId);
    return ad !== undefined && at >= ad.at && at <= ad.at + COUNTED_FOR_MS ? ad.minute : undefined;
  }
}

/** From lines. A log is a list of buffers, each with whole lines. */
export function minutesFromLines({ served, views, clicks }) {
  const day = new Day();
  readLines(day, served, row => {
    if (typeof row.adId !== 'string' || typeof row.campaignId !== 'string') return false;
    return at => day.served(row.adId, row.campaignId, at);
  });
  for (const [log, count] of [[views, minute => { minute.views++; }], [clicks, minute => { minute.clicks++; }]]) {
    const seen = new Set();
    readLines(day, log, row => {
      if (typeof row.adId !== 'string' || typeof row.eventId !== 'string') return false;
      return at => {
        if (seen.has(row.eventId)) return;
        seen.add(row.eventId);
        const minute = day.minuteOf(row.adId, at);
        if (minute !== undefined) count(minute);
      };
    });
  }
  return day;
}

/** `take` checks the fields of a row and returns what to do with it. */
function readLines(day, buffers, take) {
  let latest = -Infinity;
  for (const buffer of buffers) {
    const text = buffer.toString('utf8');
    for (let from = 0, to; from < text.length; from = to + 1) {
      to = text.indexOf('\n', from);
      let row;
      try {
        row = JSON.parse(text.slice(from, to));
      } catch {
        day.bad++;
        continue;
      }
      const at = Date.parse(row.at), apply = take(row);
      if (apply === false || typeof row.ip !== 'string' || Number.isNaN(at)) {
        day.bad++;
        continue;
      }
      if (!bots.has(row.ip)) {
        if (at + WITHIN_MS < latest - OUT_OF_ORDERNESS_MS) day.late++;
        else apply(at);
      }
      if (at > latest) latest = at;
    }
  }
}

/** From Arrow tables, batch by batch over their buffers: `vector.get(row)` would decode every text by itself. */
export function minutesFromTables({ served, views, clicks }) {
  const day = new Day();
  readBatches(day, served, ({ text, codes }) => {
    const adId = text('adId'), campaignId = codes('campaignId');
    return (row, at) => day.served(adId(row), campaignId(row), at);
  });
  for (const [log, count] of [[views, minute => { minute.views++; }], [clicks, minute => { minute.clicks++; }]]) {
    const seen = new Set();
    readBatches(day, log, ({ text }) => {
      const eventId = text('eventId'), adId = text('adId');
      return (row, at) => {
        const event = eventId(row);
        if (seen.has(event)) return;
        seen.add(event);
        const minute = day.minuteOf(adId(row), at);
        if (minute !== undefined) count(minute);
      };
    });
  }
  return day;
}

function readBatches(day, table, open) {
  let latest = -Infinity;
  for (const batch of table.batches) {
    const columns = columnsOf(batch);
    const ip = columns.text('ip'), at = columns.times('at'), apply = open(columns);
    for (let row = 0; row < batch.numRows; row++) {
      const time = at(row);
      if (!bots.has(ip(row))) {
        if (time + WITHIN_MS < latest - OUT_OF_ORDERNESS_MS) day.late++;
        else apply(row, time);
      }
      if (time > latest) latest = time;
    }
  }
}

/** A column's texts are cut out of one string, times are read as two words: a bigint each would take longer than the rest. */
export function columnsOf(batch) {
  const data = name => batch.getChild(name).data[0];
  return {
    text(name) {
      const { valueOffsets, values } = data(name);
      const all = Buffer.from(values.buffer, values.byteOffset, values.byteLength).latin1Slice(), first = valueOffsets[0];
      return first === 0 ? row => all.slice(valueOffsets[row], valueOffsets[row + 1]) : row => all.slice(valueOffsets[row] - first, valueOffsets[row + 1] - first);
    },
    codes(name) {
      const { values, dictionary } = data(name);
      const texts = dictionary.toArray();
      return row => texts[values[row]];
    },
    times(name) {
      const { values } = data(name);
      const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
      return row => words[row * 2 + 1] * 4294967296 + (words[row * 2] >>> 0);
    },
  };
}
