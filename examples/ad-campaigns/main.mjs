import { mkdirSync } from 'node:fs';
import { LOG_NAMES, writeLogs } from './lines.mjs';
import { makeLogs } from './logs.mjs';
import { campaignMinutes } from './pipeline.mjs';
import { openSetAside, openSources, openStore, settings } from './settings.mjs';
import { QUESTION, blank, progress, showLedger, showTable } from './show.mjs';

const chosen = settings();
mkdirSync(chosen.folder, { recursive: true });

progress('making the logs');
const logs = makeLogs(chosen);
await writeLogs(logs, chosen.logs, { onProgress: ({ name, bytes }) => progress(`writing the log of ${name}, ${Math.round(bytes / 1e6)} MB`) });
blank();
console.log(`A day of ads: ${LOG_NAMES.map(name => `${logs[name].at.length.toLocaleString('en')} ${name}`).join(', ')}, in ${chosen.shown(chosen.logs)}.\n`);

const store = await openStore(chosen);
const setAside = openSetAside(chosen);
try {
  const job = campaignMinutes(openSources(chosen), setAside).to(store.sink);
  const stats = await job.run({
    workers: chosen.workers,
    onProgress: ({ sources, emitted, elapsedMs }) => progress(
      `${sources.reduce((sum, { read }) => sum + read, 0).toLocaleString('en')} events read, ${emitted.toLocaleString('en')} results written, ${(elapsedMs / 1000).toFixed(1)} s`),
  });
  blank();
  showTable('The ten campaigns with the most ads:', await store.query(`
    SELECT campaign, sum(served)::int8 AS served, sum(views)::int8 AS views, sum(clicks)::int8 AS clicks,
           round(100 * sum(views) / sum(served), 1)::float8 AS "seen %", round(100 * sum(clicks) / nullif(sum(views), 0), 2)::float8 AS "clicked %"
    FROM campaign_minutes WHERE NOT deleted GROUP BY campaign ORDER BY served DESC, campaign LIMIT 10`));
  const [{ minutes }] = await store.query('SELECT count(*)::int8 AS minutes FROM campaign_minutes WHERE NOT deleted');
  showLedger(stats, { minutes: Number(minutes), paths: setAside.paths, shown: chosen.shown });
  console.log(`
All results are in ${store.where}.
A question to ask them next: when do people look at burgers?

  node examples/ad-campaigns/query.mjs "${QUESTION}"`);
} finally {
  await store.close();
}
