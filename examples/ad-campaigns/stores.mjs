import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** The table of results: its sink, how to ask it, where it is. A run begins with an empty one. */
const TABLE = 'campaign_minutes';
const KEY = ['campaignId', 'windowStart'];
const COLUMNS = { campaignId: 'campaign', windowStart: 'minute', version: 'version', deleted: 'deleted', served: 'served', views: 'views', clicks: 'clicks' };
/** What tells apart rows that could not be read. */
const LETTER_KEY = ['source', 'position'];

/** `append`: a sink for a table beside it, of rows that could not be read. `empty`: begin with an empty table, or with the one of the last run. */
export async function openStore(chosen, { empty = true } = {}) {
  if (chosen.cassandra !== null) return inCassandra(chosen, empty);
  const { client, where, close } = await (chosen.postgres === null ? embedded(chosen, empty) : server(chosen.postgres));
  const { postgres } = await import('millrace/postgres');
  if (empty) await client.query(`DROP TABLE IF EXISTS ${TABLE}`);
  const query = async sql => (await client.query(sql)).rows;
  return {
    where, close, query,
    sink: postgres({ client, table: TABLE, createTable: true, key: KEY, columns: COLUMNS }),
    append: table => postgres({ client, table, createTable: true, mode: 'append', key: LETTER_KEY }),
    top: () => query(`
      SELECT campaign, sum(served)::int8 AS served, sum(views)::int8 AS views, sum(clicks)::int8 AS clicks,
             round(100 * sum(views) / sum(served), 1)::float8 AS "seen %", round(100 * sum(clicks) / nullif(sum(views), 0), 2)::float8 AS "clicked %"
      FROM ${TABLE} WHERE NOT deleted GROUP BY campaign ORDER BY served DESC, campaign LIMIT 10`),
    minutes: () => query(`SELECT campaign, minute, version, served, views, clicks FROM ${TABLE} WHERE NOT deleted`),
  };
}

/** PostgreSQL in this process: no server to install. What is in it stays in a folder. */
async function embedded({ folder, shown }, empty) {
  const { PGlite } = await import('@electric-sql/pglite');
  const data = join(folder, 'postgres');
  if (empty) rmSync(data, { recursive: true, force: true });
  const client = await PGlite.create(data, { relaxedDurability: true });
  return { client, where: `table ${TABLE} of the embedded PostgreSQL in ${shown(data)}`, close: () => client.close() };
}
async function server(url) {
  const { default: pg } = await import('pg').catch(() => {
    throw new Error('--postgres needs the package pg: npm install pg');
  });
  const client = new pg.Pool({ connectionString: url, max: 2 });
  client.on('error', () => {});
  return { client, where: `table ${TABLE} of the PostgreSQL server`, close: () => client.end() };
}

/** Cassandra keeps the minutes of a campaign together, in order; sums over all of them are for whoever reads them. */
async function inCassandra({ cassandra: contactPoint, datacenter }, empty) {
  const { default: { Client, policies } } = await import('cassandra-driver').catch(() => {
    throw new Error('--cassandra needs the package cassandra-driver: npm install cassandra-driver');
  });
  const { cassandra } = await import('millrace/cassandra');
  const keyspace = 'ad_campaigns';
  const client = new Client({
    contactPoints: [contactPoint], localDataCenter: datacenter, encoding: { useBigIntAsLong: true }, socketOptions: { readTimeout: 30_000 },
    policies: { reconnection: new policies.reconnection.ConstantReconnectionPolicy(1000) },
  });
  await client.connect();
  await client.execute(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`);
  if (empty) await client.execute(`DROP TABLE IF EXISTS ${keyspace}.${TABLE}`);
  const query = async cql => {
    const found = [];
    for await (const row of await client.execute(cql, [], { fetchSize: 5000 })) found.push(Object.fromEntries(row.keys().map(name => [name, row.get(name)])));
    return found;
  };
  const minutes = async () => (await query(`SELECT campaign, minute, version, served, views, clicks, deleted FROM ${keyspace}.${TABLE}`)).filter(row => row.deleted !== true);
  return {
    where: `table ${keyspace}.${TABLE} of Cassandra`, close: () => client.shutdown(), query, minutes,
    sink: cassandra({ client, keyspace, table: TABLE, createTable: true, key: KEY, columns: COLUMNS }),
    append: table => cassandra({ client, keyspace, table, createTable: true, mode: 'append', key: LETTER_KEY }),
    top: async () => topOf(await minutes()),
  };
}

function topOf(minutes) {
  const campaigns = new Map();
  for (const { campaign, served, views, clicks } of minutes) {
    const sums = campaigns.get(campaign) ?? { campaign, served: 0, views: 0, clicks: 0 };
    campaigns.set(campaign, sums);
    sums.served += Number(served);
    sums.views += Number(views);
    sums.clicks += Number(clicks);
  }
  return [...campaigns.values()].sort((a, b) => b.served - a.served || (a.campaign < b.campaign ? -1 : 1)).slice(0, 10).map(row => ({
    ...row, 'seen %': Math.round(1000 * row.views / row.served) / 10, 'clicked %': row.views === 0 ? null : Math.round(10_000 * row.clicks / row.views) / 100,
  }));
}
