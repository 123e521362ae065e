import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquet } from 'millrace/parquet';
import { delaysPerHour } from './flights.mjs';
import { both, worst } from './sinks.mjs';

const out = fileURLToPath(new URL('./out/', import.meta.url));
const file = relative(process.cwd(), `${out}delays-per-hour.parquet`) || `${out}delays-per-hour.parquet`;
mkdirSync(out, { recursive: true });

// An hour with a handful of flights says little about an airport.
const top = worst(10, row => row.meanDelay, row => row.flights >= 20n);
const job = delaysPerHour.to(both(parquet(file), top));

console.log(`Per origin and hour: flights, mean and worst delay.\n\n${job.explain()}\n`);
const stats = await job.run({ onProgress: showProgress });
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const hour = us => new Date(Number(us / 1000n)).toISOString().slice(0, 16).replace('T', ' ');
const line = (origin, when, ...numbers) => `  ${origin.padEnd(8)}${when.padEnd(16)}${numbers.map(text => text.padStart(14)).join('')}`;
console.log('The ten worst hours of airports with 20 flights or more, delays in minutes:\n');
console.log(line('origin', 'hour', 'flights', 'mean delay', 'worst delay'));
for (const row of top.rows) console.log(line(row.origin, hour(row.windowStart), String(row.flights), row.meanDelay.toFixed(1), String(row.worstDelay)));

const [flights] = stats.sources;
const n = value => value.toLocaleString('en');
console.log(`
read ${n(flights.read)} = filtered ${n(flights.filtered)} + applied ${n(flights.applied)} + late ${n(flights.late)} + dead letters ${n(flights.deadLettered)}
${n(stats.emitted)} results in ${(stats.elapsedMs / 1000).toFixed(2)} s with ${stats.workers} workers, ${n(Math.round(flights.read / stats.elapsedMs * 1000))} flights/s from file to file

All results are in ${file}.
A question to ask them next, with DuckDB: which airport's mornings are on time?

  SELECT origin, round(sum(meanDelay * flights) / sum(flights), 1) AS delay
  FROM '${file}'
  WHERE hour(windowStart) < 9 GROUP BY origin HAVING sum(flights) > 5000 ORDER BY delay;`);

function showProgress({ sources: [{ read }], elapsedMs }) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${read.toLocaleString('en')} flights read, ${(elapsedMs / 1000).toFixed(1)} s`);
}
