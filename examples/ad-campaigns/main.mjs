import { mkdirSync } from 'node:fs';
import { LOG_NAMES } from './lines.mjs';
import { makeLogs } from './logs.mjs';
import { campaignMinutes } from './pipeline.mjs';
import { openSetAside, settings, writeSources } from './settings.mjs';
import { QUESTION, blank, progress, showLedger, showTable } from './show.mjs';
import { openStore } from './stores.mjs';

const chosen = settings();
mkdirSync(chosen.folder, { recursive: true });

progress('making the logs');
const logs = makeLogs(chosen);
const { sources, where } = await writeSources(logs, chosen, { onProgress: ({ name, bytes }) => progress(`writing the log of ${name}, ${Math.round(bytes / 1e6)} MB`) });
blank();
console.log(`A day of ads: ${LOG_NAMES.map(name => `${logs[name].at.length.toLocaleString('en')} ${name}`).join(', ')}, in ${where}.\n`);

const store = await openStore(chosen);
const setAside = openSetAside(chosen);
try {
  const job = campaignMinutes(sources, setAside).to(store.sink);
  const stats = await job.run({
    workers: chosen.workers,
    onProgress: ({ sources, emitted, elapsedMs }) => progress(
      `${sources.reduce((sum, { read }) => sum + read, 0).toLocaleString('en')} events read, ${emitted.toLocaleString('en')} results written, ${(elapsedMs / 1000).toFixed(1)} s`),
  });
  blank();
  showTable('The ten campaigns with the most ads:', await store.top());
  showLedger(stats, { minutes: (await store.minutes()).length, paths: setAside.paths, shown: chosen.shown });
  console.log(`\nAll results are in ${store.where}.`);
  if (chosen.cassandra === null) {
    const option = chosen.postgres === null ? '' : ' --postgres';
    console.log(`A question to ask them next: when do people look at burgers?\n\n  node examples/ad-campaigns/query.mjs${option} "${QUESTION}"`);
  }
} finally {
  await store.close();
}
