import { BIGINT } from '@duckdb/node-api';
import { loadTable, openDuckdb } from '../peers/duckdb.mjs';
import { REACH_MS } from './joins-rows.mjs';

/**
 * The interval join in the shape in which DuckDB was fastest of those that were tried: a hash join by the key with the bounds as a condition
 * beside it, and whole milliseconds for times. One row comes out, so that neither side has to hand out millions.
 */
const QUERY = `
  SELECT count(*), sum(ads.value), sum(events.value)
  FROM ads JOIN events ON ads.key = events.key AND events.at BETWEEN ads.at AND ads.at + ${REACH_MS}`;

export async function openDuckdbJoin(ads, events, threads) {
  const { connection, close } = await openDuckdb(threads);
  const columns = ({ key, at, value }) => ({ key: { type: BIGINT, values: key }, at: { type: BIGINT, values: at }, value: { type: BIGINT, values: value } });
  await loadTable(connection, 'ads', columns(ads));
  await loadTable(connection, 'events', columns(events));
  return {
    run: () => connection.run(QUERY),
    read: async result => (await result.getRows())[0].map(Number),
    close,
  };
}
