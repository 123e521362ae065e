import { callback, count, lookup, schema, staticTable, stream, t, tumbling } from 'millrace';
import { kafka } from 'millrace/kafka';
import { figure, interleave, speedup } from '../harness.mjs';
import { openEngine } from '../ours.mjs';
import { countBytes, cpuMs, openKafka, topicOfEvents, viewsInPlainJs } from './kafka-events.mjs';
import { ADS, CAMPAIGNS, OUT_OF_ORDERNESS_MS, WINDOW_MS, adName, campaignName, campaignOfAd } from './ysb-events.mjs';

const ROWS = 5_000_000;
const SMALL_ROWS = 20_000;
const WORKERS = 2;
const Event = schema({ adId: t.utf8, eventType: t.utf8, at: t.timestamp });
const Ad = schema({ adId: t.utf8, campaignId: t.utf8 });

/**
 * The Yahoo Streaming Benchmark question over messages of a real broker on the same cores: against a consumer of the client that only counts bytes, and
 * against the whole question in such a consumer. All of them join a group of their own and read a topic from its start.
 */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL_ROWS : rows;
  const broker = await openKafka();
  const topic = await topicOfEvents(broker, rows, progress);
  const campaigns = campaignOfAd();
  const reference = await viewsInPlainJs(broker, topic, rows, campaigns);
  const bytes = await countBytes(broker, topic, rows);
  const engine = openEngine(WORKERS);
  const ads = staticTable(Ad, Array.from({ length: ADS }, (_, ad) => ({ adId: adName(ad), campaignId: campaignName(campaigns[ad]) })), { key: 'adId' });
  const cpu = { ms: 0, of: 0 };
  const ours = async () => {
    const [found, before, begun] = [[], cpuMs(broker.process), performance.now()];
    const stats = await stream(kafka({ client: broker.client(), topic, groupId: `bench-${process.pid}-${performance.now()}`, until: 'latest' }), Event)
      .eventTime('at', { outOfOrderness: OUT_OF_ORDERNESS_MS })
      .filter(event => event.eventType.eq('view'))
      .groupBy(event => ({ campaignId: lookup(event.adId, ads).campaignId }))
      .window(tumbling(WINDOW_MS))
      .aggregate(() => ({ views: count() }))
      .to(callback(batch => { found.push(...batch.toRows()); }))
      .run({ engine });
    cpu.ms += cpuMs(broker.process) - before;
    cpu.of += performance.now() - begun;
    return { found, stats };
  };
  try {
    const { times, equal } = await interleave([
      { name: 'millrace', run: ours, check: ({ found, stats }) => stats.sources[0].read === rows && sameViews(windowsOf(found), reference) },
      { name: 'bare client', run: () => countBytes(broker, topic, rows), check: answer => answer === bytes },
      { name: 'plain JavaScript', run: () => viewsInPlainJs(broker, topic, rows, campaigns), check: answer => sameViews(answer, reference) },
    ], { rounds, progress, warmUp: { leastRounds: 1, mostRounds: 1, ms: 0 } });
    return {
      rows, equal,
      ours: { millrace: figure(times, 'millrace', rows, { workers: WORKERS }) },
      peers: { 'bare client': figure(times, 'bare client', rows, { threads: 1 }), 'plain JavaScript': figure(times, 'plain JavaScript', rows, { threads: 1 }) },
      ratios: { bareClient: speedup(times, 'millrace', 'bare client'), plainJs: speedup(times, 'millrace', 'plain JavaScript') },
      required: { bareClient: { atLeast: 0.85 }, plainJs: { atLeast: 1.1 } },
      notes: { bytesPerMessage: Math.round(bytes / rows), brokerShareOfACore: Math.round(100 * cpu.ms / cpu.of) / 100 },
    };
  } finally {
    await engine.close();
  }
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
const sameViews = (found, reference) => found.size === reference.size
  && [...reference].every(([start, counts]) => counts.every((views, campaign) => found.get(start)?.[campaign] === views));
