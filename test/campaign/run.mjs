import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { amount } from '../../examples/ad-campaigns/settings.mjs';
import { hold } from '../services/holders.mjs';
import { down, status, up } from '../services/lifecycle.mjs';
import { note } from '../services/runs.mjs';
import { makeDay, runCampaign } from './campaign.mjs';
import { FAULTS } from './faults.mjs';

const STORES = ['postgres', 'cassandra'];
const HELP = `node test/campaign/run.mjs [options]

Runs the job of examples/ad-campaigns from Kafka to PostgreSQL and to Cassandra while something happens to them, once for each fault and store, and compares
every row of the table with DuckDB's answer over the same logs, and every number of the ledger with the rules. Faults happen at set shares of the bytes on the
way, so always in the middle. Servers are those of npm run services; what does not run is started, and ended again. Exit code 1: something differs or hangs.

  --events N      about how many events (default 1M)
  --seed N        another day (default 1)
  --stores A,B    ${STORES.join(', ')} (default: both)
  --faults A,B    of those below (default: all of them, one after another)
  --down SECONDS  for how long a store is away (default 20)
  --workers N     threads of the job (default 2)
  --limit MINUTES within which a job must end (default 10)
  --help

${Object.entries(FAULTS).map(([name, title]) => `  ${name.padEnd(9)} ${title}`).join('\n')}
`;

const text = { type: 'string' };
function asked() {
  const { values } = parseArgs({ options: { events: text, seed: text, stores: text, faults: text, down: text, workers: text, limit: text, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const listed = (option, all) => {
    const names = values[option]?.split(',') ?? all;
    const unknown = names.filter(name => !all.includes(name));
    if (unknown.length > 0) throw new Error(`--${option}: unknown: ${unknown.join(', ')}; there are ${all.join(', ')}`);
    return names;
  };
  return {
    events: amount(values.events ?? '1M'), seed: amount(values.seed ?? '1'), stores: listed('stores', STORES), faults: listed('faults', Object.keys(FAULTS)),
    downMs: amount(values.down ?? '20') * 1000, workers: amount(values.workers ?? '2'), limitMs: amount(values.limit ?? '10') * 60_000,
  };
}

const begun = Date.now();
const say = (what, { passing = false } = {}) => {
  const line = `${((Date.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${what}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${passing ? '' : '\n'}`);
  else if (!passing) process.stderr.write(`${line}\n`);
};

async function main() {
  const { events, seed, stores, faults, ...limits } = asked();
  const started = [], given = [], servers = {}, results = [];
  const folder = mkdtempSync(join(tmpdir(), 'millrace-campaign-'));
  try {
    note();
    for (const name of ['kafka', ...STORES.filter(store => stores.includes(store))]) {
      given.push(await hold(name, true));
      if ((await status(name))?.health !== 'up') started.push(name);
      servers[name] = (await up(name)).address;
    }
    const day = await makeDay({ events, seed, folder });
    say(`a day with ${day.expected.ledger.reduce((sum, { read }) => sum + read, 0).toLocaleString('en')} events (seed ${seed}); DuckDB's table has ${day.expected.table.length.toLocaleString('en')} rows`);
    for (const fault of faults) for (const store of stores) {
      const name = `${fault}, ${store}`;
      say(`${name}: ${FAULTS[fault]}`);
      const result = await runCampaign(day, { store, fault, servers, ...limits, say }).catch(error => ({ error: error.message }));
      results.push({ fault, store, ...result });
      say(`${name}: ${verdict(result)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    for (const name of started) await down(name);
    for (const release of given) release();
  }
  show(results, { events, seed });
  process.exitCode = results.every(isRight) ? 0 : 1;
}

const isRight = ({ error, missing, wrong, other }) => error === undefined && missing.length + wrong.length + other.length === 0;
const verdict = result => (isRight(result) ? 'equal' : result.error ?? `${result.missing.length} rows missing, ${result.wrong.length} wrong${[...result.missing.slice(0, 3), ...result.wrong.slice(0, 3), ...result.other].map(line => `\n           ${line}`).join('')}`);

function show(results, { events, seed }) {
  console.log(`${events.toLocaleString('en')} events, seed ${seed}\n`);
  const lines = [['fault', 'store', 'rows', 'unreadable', 'job s', 'all s', 'lives', 'outcome', 'what was done'], ...results.map(result => result.error === undefined
    ? [result.fault, result.store, result.rows, result.letters, result.jobSeconds.toFixed(1), result.seconds.toFixed(0), result.lives, isRight(result) ? 'equal' : 'DIFFERS', result.done.join('; ')]
    : [result.fault, result.store, '', '', '', '', '', 'FAILED', result.error.split('\n')[0]])];
  const widths = lines[0].map((_, i) => Math.max(...lines.map(line => String(line[i]).length)));
  for (const line of lines) console.log(line.map((cell, i) => (i === line.length - 1 ? String(cell) : String(cell).padEnd(widths[i]))).join('  '));
}

await main().catch(error => {
  console.error(error.message);
  process.exitCode = 1;
});
