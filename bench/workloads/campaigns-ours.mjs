import { Readable } from 'node:stream';
import { arrow, callback, jsonl } from 'millrace';
import { campaignMinutes } from '../../examples/ad-campaigns/pipeline.mjs';
import { openEngine } from '../ours.mjs';

/** The pipeline of the example as it stands there; only sources and sink are others: memory at both ends. */
export async function openOurs({ lines, tables }, workers) {
  const engine = openEngine(workers);
  const each = (logs, source) => Object.fromEntries(Object.entries(logs).map(([name, log]) => [name, source(log)]));
  const run = sources => async () => {
    const batches = [];
    const stats = await campaignMinutes(sources()).to(callback(batch => { batches.push(batch.toRows()); })).run({ engine });
    return { rows: newest(batches), stats };
  };
  const arrowSources = each(tables, table => arrow(table));
  return {
    fromLines: run(() => each(lines, buffers => jsonl(Readable.from(buffers)))),
    fromTables: run(() => arrowSources),
    close: () => engine.close(),
  };
}

/** Final rows: of each campaign and minute the newest version. */
function newest(batches) {
  const campaigns = new Map();
  for (const row of batches.flat()) {
    let minutes = campaigns.get(row.campaignId);
    if (minutes === undefined) campaigns.set(row.campaignId, minutes = new Map());
    const minute = row.windowStart / 60_000, other = minutes.get(minute);
    if (other === undefined || other.version < row.version) minutes.set(minute, row);
  }
  return campaigns;
}
