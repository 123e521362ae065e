import { callback, count, lookup, schema, staticTable, stream, t, tumbling } from 'millrace';
import { kafka } from 'millrace/kafka';
import { openEngine } from '../ours.mjs';
import { clientOf } from './kafka-events.mjs';
import { ADS, CAMPAIGNS, OUT_OF_ORDERNESS_MS, WINDOW_MS, adName, campaignName, campaignOfAd } from './ysb-events.mjs';

// A process for one case: runs it for each topic it is told of, and answers with what it found and the processor time it took.
const [name, address, workers] = process.argv.slice(2);
/** What our source asks of a partition at once, by default. */
const OUR_FETCH_BYTES = 262_144;
const groupId = () => `bench-${process.pid}-${performance.now()}`;
const campaigns = campaignOfAd();

async function openOurs() {
  const Event = schema({ adId: t.utf8, eventType: t.utf8, at: t.timestamp });
  const Ad = schema({ adId: t.utf8, campaignId: t.utf8 });
  const engine = openEngine(Number(workers));
  const ads = staticTable(Ad, Array.from({ length: ADS }, (_, ad) => ({ adId: adName(ad), campaignId: campaignName(campaigns[ad]) })), { key: 'adId' });
  return async topic => {
    const found = [];
    const stats = await stream(kafka({ client: clientOf(address), topic, groupId: groupId(), until: 'latest' }), Event)
      .eventTime('at', { outOfOrderness: OUT_OF_ORDERNESS_MS })
      .filter(event => event.eventType.eq('view'))
      .groupBy(event => ({ campaignId: lookup(event.adId, ads).campaignId }))
      .window(tumbling(WINDOW_MS))
      .aggregate(() => ({ views: count() }))
      .to(callback(batch => { found.push(...batch.toRows()); }))
      .run({ engine });
    return { windows: windowsOf(found), read: stats.sources[0].read };
  };
}
/** Window start → views of each campaign; a group that comes twice counts as wrong. */
function windowsOf(found) {
  const windows = new Map();
  for (const { campaignId, windowStart, views } of found) {
    if (!windows.has(windowStart)) windows.set(windowStart, new Uint32Array(CAMPAIGNS));
    const counts = windows.get(windowStart), campaign = Number(campaignId.slice('campaign-'.length));
    counts[campaign] = counts[campaign] === 0 ? Number(views) : 0xffffffff;
  }
  return windows;
}

/** A consumer of the client alone: calls `eachBatch` until every partition has come to its end. */
async function consume(topic, rows, eachBatch, options = {}) {
  const consumer = clientOf(address).consumer({ groupId: groupId(), maxWaitTimeInMs: 250, ...options });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let left = rows;
  await new Promise((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload: { error } }) => reject(error));
    void consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => {
      eachBatch(batch);
      left -= batch.messages.length;
      if (left === 0) resolve();
    } });
  });
  await consumer.disconnect();
}
/** How fast the client alone is: counts bytes. `options`: of its consumer. */
const countBytes = options => async (topic, rows) => {
  let bytes = 0;
  await consume(topic, rows, ({ messages }) => { for (const { value } of messages) bytes += value.length; }, options);
  return { bytes };
};
/** The question in plain JavaScript: JSON.parse and Maps. */
async function viewsInPlainJs(topic, rows) {
  const campaignOf = new Map(Array.from(campaigns, (campaign, ad) => [adName(ad), campaign]));
  const windows = new Map();
  await consume(topic, rows, ({ messages }) => {
    for (const { value } of messages) {
      const { adId, eventType, at } = JSON.parse(value);
      if (eventType !== 'view') continue;
      const start = at - at % WINDOW_MS;
      let counts = windows.get(start);
      if (counts === undefined) windows.set(start, (counts = new Uint32Array(CAMPAIGNS)));
      counts[campaignOf.get(adId)]++;
    }
  });
  return { windows };
}

const CASES = {
  'millrace': openOurs,
  'bare client': () => countBytes(),
  'bare client, our fetches': () => countBytes({ maxBytesPerPartition: OUR_FETCH_BYTES }),
  'plain JavaScript': () => viewsInPlainJs,
};
// Nobody waits for an answer any more.
process.once('disconnect', () => process.exit());
const run = await CASES[name]();
process.on('message', async ({ topic, rows }) => {
  const before = process.cpuUsage();
  const answer = await run(topic, rows);
  const { user, system } = process.cpuUsage(before);
  process.send({ answer, cpuMs: (user + system) / 1000 });
});
