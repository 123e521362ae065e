import { BIGINT, ENUM8, INTEGER } from '@duckdb/node-api';
import { loadTable, openDuckdb } from '../peers/duckdb.mjs';
import { CAMPAIGNS, TYPES, WINDOW_MS } from './ysb-events.mjs';

/**
 * The shape in which DuckDB was fastest of ten that were tried: integers for ids, whole milliseconds for the time (timestamps and
 * `time_bucket` take up to three times as long), an ENUM for the type and a literal of that ENUM (compared with a string, every row's
 * type would become one: twice as long).
 */
const QUERY = `
  SELECT campaign, "at" // ${WINDOW_MS} AS slot, count(*) AS views
  FROM events JOIN campaigns USING (ad)
  WHERE type = 'view'::event_type
  GROUP BY ALL`;

export async function openDuckdbYsb({ adId, eventType, at }, campaignOfAd, late, threads) {
  const { connection, close } = await openDuckdb(threads);
  await connection.run(`CREATE TYPE event_type AS ENUM (${TYPES.map(type => `'${type}'`).join(', ')})`);
  await loadTable(connection, 'events', {
    ad: { type: INTEGER, values: adId },
    type: { type: ENUM8(TYPES, 'event_type'), values: eventType },
    at: { type: BIGINT, values: at },
  }, late);
  await loadTable(connection, 'campaigns', {
    ad: { type: INTEGER, values: campaignOfAd.map((_, ad) => ad) },
    campaign: { type: INTEGER, values: campaignOfAd },
  });
  const query = await connection.prepare(QUERY);
  return {
    run: () => query.run(),
    /** Not timed: the answer as window start → counts. */
    async read(result) {
      const windows = new Map();
      for (const [campaign, slot, views] of await result.getRows()) {
        const start = Number(slot) * WINDOW_MS;
        if (!windows.has(start)) windows.set(start, new Uint32Array(CAMPAIGNS));
        windows.get(start)[campaign] = Number(views);
      }
      return { windows };
    },
    close,
  };
}
