import { DuckDBInstance } from '@duckdb/node-api';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LOG_NAMES, writeLogs } from './lines.mjs';
import { makeLogs } from './logs.mjs';
import { campaignMinutes } from './pipeline.mjs';
import { openSetAside, settings, writeSources } from './settings.mjs';
import { answerSql } from './sql.mjs';
import { openStore } from './stores.mjs';

/**
 * Runs the job and compares its table with what DuckDB makes of the same files, row by row, and the ledger with the rules:
 * `node examples/ad-campaigns/check.mjs --events 10M --seed 3`. Returns what differs.
 */
export async function check(chosen, { log = () => {} } = {}) {
  const logs = makeLogs(chosen);
  // For DuckDB, wherever the job reads them.
  await writeLogs(logs, chosen.logs);
  const { sources } = await writeSources(logs, chosen);
  log('logs written');
  const store = await openStore(chosen);
  try {
    const stats = await campaignMinutes(sources, openSetAside(chosen)).to(store.sink).run({ workers: chosen.workers });
    log(`the job took ${(stats.elapsedMs / 1000).toFixed(1)} s, gave ${stats.emitted} results`);
    const table = await tableLines(store);
    log(`the table has ${table.length} rows`);
    const expected = await answer(chosen.logs);
    log(`DuckDB has ${expected.table.length}`);
    return {
      stats, rows: table.length, late: expected.ledger.reduce((sum, row) => sum + row.late, 0), ...compared(table, expected.table),
      ledger: expected.ledger.flatMap(row => differences(row, stats.sources.find(({ name }) => new RegExp(`\\b${row.source}\\b`).test(name)))),
    };
  } finally {
    await store.close();
  }
}

/** The rows of a table of results, each as a line. */
export const tableLines = async store =>
  (await store.minutes()).map(({ campaign, minute, served, views, clicks }) => `${campaign} ${Number(minute) / 60_000} ${served} ${views} ${clicks}`).toSorted();

/** Lines that are not in the table, and those that should not be. */
export function compared(table, expected) {
  const [ours, theirs] = [new Set(table), new Set(expected)];
  return { missing: expected.filter(line => !ours.has(line)), wrong: table.filter(line => !theirs.has(line)) };
}

/** What DuckDB makes of the logs in a folder: the table as lines, and the numbers of each log. */
export async function answer(folder) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const sql = answerSql(Object.fromEntries(LOG_NAMES.map(name => [name, join(folder, `${name}.jsonl`)])));
    const rows = await connection.runAndReadAll(`SELECT campaign || ' ' || (epoch_ms(minute) // 60000) || ' ' || served || ' ' || views || ' ' || clicks FROM (${sql.table})`);
    const ledger = await connection.runAndReadAll(sql.ledger);
    return {
      table: rows.getRows().map(([line]) => line).toSorted(),
      ledger: ledger.getRows().map(([source, ...numbers]) => ({ source, ...Object.fromEntries(['read', 'bad', 'late', 'kept'].map((name, i) => [name, Number(numbers[i])])) })),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function differences({ source, read, bad, late, kept }, stats) {
  const expected = { read, deadLettered: bad, late, applied: kept, filtered: read - bad - late - kept };
  return Object.entries(expected).filter(([name, value]) => stats[name] !== value).map(([name, value]) => `${source}: ${name} is ${stats[name]} and not ${value}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { rows, late, missing, wrong, ledger } = await check(settings(), { log: console.log });
  console.log(`${rows} rows, ${late} late events, ${missing.length} rows missing, ${wrong.length} wrong${[...missing.slice(0, 3), ...wrong.slice(0, 3), ...ledger].map(line => `\n  ${line}`).join('')}`);
  process.exitCode = missing.length + wrong.length + ledger.length === 0 ? 0 : 1;
}
