import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { jsonl } from 'millrace';
import { LOG_NAMES, writeLogs } from './lines.mjs';
import { startedServer } from './servers.mjs';

/** What is asked for: all that differs between a try on a laptop and the real thing. topics.mjs and stores.mjs know the servers. */
const HELP = `node examples/ad-campaigns/main.mjs [options]

  --events N             about how many events to generate: 10k, 1M, 10M (default 1M)
  --seed N               another day (default 1)
  --no-late              without events that come too late to count
  --workers N            threads (default: one per core)
  --kafka [HOST:PORT,…]  the logs are topics of Kafka, which are made anew, and not files; needs the package kafkajs
  --postgres [URL]       a PostgreSQL server instead of the embedded one; needs the package pg. Its table campaign_minutes is emptied
  --cassandra [HOST:PORT]  Cassandra instead of PostgreSQL; needs the package cassandra-driver. Its table ad_campaigns.campaign_minutes is emptied
  --datacenter NAME      of Cassandra (default datacenter1)
  --folder PATH          for logs, the embedded database and what was set aside (default: out/ beside this file)
  --help

Without an address, servers are those that npm run services -- up kafka postgres cassandra has started.
In the environment: AD_EVENTS, AD_SEED, AD_WORKERS, AD_KAFKA, AD_POSTGRES, AD_CASSANDRA, AD_DATACENTER, AD_FOLDER.`;

const text = { type: 'string' };
const options = {
  events: text, seed: text, workers: text, kafka: text, postgres: text, cassandra: text, datacenter: text, folder: text, 'no-late': { type: 'boolean' }, help: { type: 'boolean' },
};
/** Options whose value may be left out. */
const SERVERS = ['kafka', 'postgres', 'cassandra'];

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
  const complete = args.map((arg, i) => (SERVERS.some(name => arg === `--${name}`) && (args[i + 1] ?? '--').startsWith('--') ? `${arg}=` : arg));
  const { values } = parseArgs({ args: complete, options });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const given = (name, otherwise) => values[name] ?? environment[`AD_${name.toUpperCase()}`] ?? otherwise;
  const server = name => {
    const address = given(name, null);
    return address === '' ? startedServer(name) : address;
  };
  const [kafka, postgres, cassandra] = SERVERS.map(server);
  if (postgres !== null && cassandra !== null) throw new Error('there is one table: --postgres or --cassandra');
  const folder = given('folder', fileURLToPath(new URL('./out', import.meta.url)));
  return {
    events: amount(given('events', '1M')), seed: amount(given('seed', '1')), late: !values['no-late'],
    workers: given('workers', null) === null ? undefined : amount(given('workers')),
    brokers: kafka?.split(',') ?? null, postgres, cassandra, datacenter: given('datacenter', 'datacenter1'),
    folder, logs: join(folder, 'logs'), shown: path => relative(process.cwd(), path) || path,
  };
}

export function amount(text) {
  const [, number, unit] = /^(\d+)([kM]?)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`'${text}' is not a number such as 10k, 1M or 250000`);
  return number * { '': 1, k: 1e3, M: 1e6 }[unit];
}

/** Writes the logs, and gives their three sources and where they are. */
export async function writeSources(made, { brokers, logs, shown }, progress) {
  if (brokers === null) {
    await writeLogs(made, logs, progress);
    return { where: shown(logs), sources: Object.fromEntries(LOG_NAMES.map(name => [name, jsonl(join(logs, `${name}.jsonl`))])) };
  }
  const { topicSources, writeTopics } = await import('./topics.mjs');
  await writeTopics(made, brokers, progress);
  return { where: 'topics of Kafka', sources: topicSources(brokers) };
}

/** Rows that came too late, and lines that could not be read: files, to be looked at. */
export const openSetAside = ({ folder }) => {
  const paths = { late: join(folder, 'late.jsonl'), unread: join(folder, 'unread.jsonl') };
  return { paths, late: jsonl(paths.late), unread: jsonl(paths.unread) };
};
