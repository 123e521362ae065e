import { callback, count, schema, stream, sum, t } from 'millrace';
import { openEngine, tableInHeap } from '../ours.mjs';
import { REACH_MS } from './joins-rows.mjs';

const Row = schema({ key: t.int64, at: t.timestamp, value: t.int64 });
const DAY_MS = 86_400_000;
const within = { before: 0, after: REACH_MS };

/** The joins as a user writes them, over columns in the engine's heap. */
export async function openOurs({ ads, views, clicks }, workers) {
  const engine = openEngine(workers);
  const sources = Object.fromEntries(Object.entries({ ads, views, clicks }).map(([name, { key, at, value }]) => [name, tableInHeap(engine, Row, { key, at, value }).source()]));
  const input = (name, value) => stream(sources[name], Row).eventTime('at').map(row => ({ key: row.key, [value]: row.value }));
  const run = pipeline => async () => {
    const rows = [];
    const stats = await pipeline().to(callback(batch => { rows.push(...batch.toRows()); })).run({ engine });
    return { answer: Object.values(rows[0]).map(Number), stats };
  };
  return {
    interval: run(() => input('ads', 'a').join(input('views', 'v'), { on: 'key', within }).aggregate(row => ({ pairs: count(), a: sum(row.a), v: sum(row.v) }))),
    /** Each view with the newest ad of its key at its time: every key has one ad, so these are the pairs of the interval join. */
    asOf: run(() => input('views', 'v').asOfJoin(input('ads', 'a'), { on: 'key', within: REACH_MS }).aggregate(row => ({ pairs: count(), a: sum(row.a), v: sum(row.v) }))),
    inOne: run(() => input('ads', 'a')
      .joinAll({ views: { of: input('views', 'v'), within }, clicks: { of: input('clicks', 'c'), within } }, { on: 'key' })
      .aggregate(row => ({ rows: count(), a: sum(row.a), v: sum(row.v), c: sum(row.c) }))),
    chained: run(() => input('ads', 'a')
      .join(input('views', 'v'), { on: 'key', within })
      .join(input('clicks', 'c'), { on: 'key', within })
      .aggregate(row => ({ rows: count(), a: sum(row.a), v: sum(row.v), c: sum(row.c) }))),
    /** The interval join over a day, in which nothing is forgotten: all rows are live at its end. */
    keepAll: run(() => input('ads', 'a').join(input('views', 'v'), { on: 'key', within: DAY_MS }).aggregate(row => ({ pairs: count(), a: sum(row.a), v: sum(row.v) }))),
    close: () => engine.close(),
  };
}
