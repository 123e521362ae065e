import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { jsonl } from 'millrace';
import { postgres } from 'millrace/postgres';
import { LOG_NAMES } from './lines.mjs';

/** Where the logs come from and where the table is: all that differs between a try on a laptop and the real thing is in this file. */
const HELP = `node examples/ad-campaigns/main.mjs [options]

  --events N       about how many events to generate: 10k, 1M, 10M (default 1M)
  --seed N         another day (default 1)
  --no-late        without events that come too late to count
  --workers N      threads (default: one per core)
  --postgres URL   a PostgreSQL server instead of the embedded one; needs the package pg. Its table campaign_minutes is emptied
  --folder PATH    for logs, the embedded database and what was set aside (default: out/ beside this file)
  --help

In the environment: AD_EVENTS, AD_SEED, AD_WORKERS, AD_POSTGRES, AD_FOLDER.`;

const options = {
  events: { type: 'string' }, seed: { type: 'string' }, workers: { type: 'string' }, postgres: { type: 'string' }, folder: { type: 'string' },
  'no-late': { type: 'boolean' }, help: { type: 'boolean' },
};
const TABLE = 'campaign_minutes';

/** What was asked for. Says what is wrong with it, and ends the program. */
export function settings(args = process.argv.slice(2), environment = process.env) {
  try {
    return read(args, environment);
  } catch (error) {
    console.error(`${error.message} (--help says what there is)`);
    process.exit(1);
  }
}
function read(args, environment) {
  const { values } = parseArgs({ args, options });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const given = (name, otherwise) => values[name] ?? environment[`AD_${name.toUpperCase()}`] ?? otherwise;
  const folder = given('folder', fileURLToPath(new URL('./out', import.meta.url)));
  return {
    events: amount(given('events', '1M')), seed: amount(given('seed', '1')), late: !values['no-late'],
    workers: given('workers', null) === null ? undefined : amount(given('workers')),
    postgresUrl: given('postgres', null), folder, logs: join(folder, 'logs'), shown: path => relative(process.cwd(), path) || path,
  };
}

export function amount(text) {
  const [, number, unit] = /^(\d+)([kM]?)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`'${text}' is not a number such as 10k, 1M or 250000`);
  return number * { '': 1, k: 1e3, M: 1e6 }[unit];
}

/** The sources of the three logs. */
export const openSources = ({ logs }) => Object.fromEntries(LOG_NAMES.map(name => [name, jsonl(join(logs, `${name}.jsonl`))]));

/** Rows that came too late, and lines that could not be read: files, to be looked at. */
export const openSetAside = ({ folder }) => {
  const paths = { late: join(folder, 'late.jsonl'), unread: join(folder, 'unread.jsonl') };
  return { paths, late: jsonl(paths.late), unread: jsonl(paths.unread) };
};

/** The table of results: its sink, and a way to ask it. A run begins with an empty one, since versions count within a run. */
export async function openStore(chosen, { empty = true } = {}) {
  const { client, where, close } = await (chosen.postgresUrl === null ? embedded(chosen, empty) : server(chosen.postgresUrl));
  if (empty) await client.query(`DROP TABLE IF EXISTS ${TABLE}`);
  const sink = postgres({
    client, table: TABLE, createTable: true, key: ['campaignId', 'windowStart'],
    columns: { campaignId: 'campaign', windowStart: 'minute', version: 'version', deleted: 'deleted', served: 'served', views: 'views', clicks: 'clicks' },
  });
  return { sink, where, close, query: async sql => (await client.query(sql)).rows };
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
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { client, where: `table ${TABLE} of the PostgreSQL server`, close: () => client.end() };
}
