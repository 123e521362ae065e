import { Readable } from 'node:stream';
import { arrow, callback, jsonl } from 'millrace';
import { campaignMinutes } from '../../examples/ad-campaigns/pipeline.mjs';
import { openEngine } from '../ours.mjs';
import { columnsOf } from './campaigns-js.mjs';

/** The pipeline of the example as it stands there; only sources and sink are others: memory at both ends. */
export async function openOurs({ lines, tables }, workers) {
  const engine = openEngine(workers);
  const each = (logs, source) => Object.fromEntries(Object.entries(logs).map(([name, log]) => [name, source(log)]));
  const run = sources => async () => {
    const campaigns = new Map();
    const stats = await campaignMinutes(sources()).to(callback(batch => keepNewest(campaigns, batch))).run({ engine });
    return { rows: campaigns, stats };
  };
  const arrowSources = each(tables, table => arrow(table));
  return {
    fromLines: run(() => each(lines, buffers => jsonl(Readable.from(buffers)))),
    fromTables: run(() => arrowSources),
    close: () => engine.close(),
  };
}

/** Final rows, column by column: of each campaign and minute the newest version. Numbers fit 32 bits, times do not. */
function keepNewest(campaigns, batch) {
  const words = name => {
    const values = batch.values(name);
    return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  };
  const columns = columnsOf(batch.toArrow());
  const campaignId = columns.text('campaignId'), start = columns.times('windowStart');
  const version = words('version'), served = words('served'), views = words('views'), clicks = words('clicks');
  for (let row = 0; row < batch.rows; row++) {
    const campaign = campaignId(row), number = start(row) / 60_000;
    let minutes = campaigns.get(campaign);
    if (minutes === undefined) campaigns.set(campaign, minutes = new Map());
    const known = minutes.get(number), at = row * 2;
    if (known === undefined) minutes.set(number, { version: version[at], served: served[at], views: views[at], clicks: clicks[at] });
    else if (known.version <= version[at]) {
      known.version = version[at];
      known.served = served[at];
      known.views = views[at];
      known.clicks = clicks[at];
    }
  }
}
