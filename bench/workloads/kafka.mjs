import { callback, count, lookup, schema, staticTable, stream, t, tumbling } from 'millrace';
import { kafka } from 'millrace/kafka';
import { figure, interleave, speedup } from '../harness.mjs';
import { openEngine } from '../ours.mjs';
import { countBytes, cpuMs, openKafka, referenceOf, topicOfEvents, viewsInPlainJs } from './kafka-events.mjs';
import { ADS, CAMPAIGNS, OUT_OF_ORDERNESS_MS, WINDOW_MS, adName, campaignName, campaignOfAd } from './ysb-events.mjs';

const ROWS = 5_000_000;
const SMALL_ROWS = 20_000;
const WARM_UP_ROWS = 200_000;
/** A run takes 20 to 30 s, which says more than many short ones. */
const MOST_ROUNDS = { quick: 3, full: 5 };
const WORKERS = 2;
/** What our source asks of a partition at once, by default. */
const OUR_FETCH_BYTES = 262_144;
const Event = schema({ adId: t.utf8, eventType: t.utf8, at: t.timestamp });
const Ad = schema({ adId: t.utf8, campaignId: t.utf8 });

/**
 * The Yahoo Streaming Benchmark question over messages of a real broker on the same cores: against a consumer of the client that only counts bytes, and
 * against the whole question in such a consumer. All of them join a group of their own and read a topic from its start.
 */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL_ROWS : rows;
  rounds = Math.min(rounds, rounds > 5 ? MOST_ROUNDS.full : MOST_ROUNDS.quick);
  const broker = await openKafka();
  const campaigns = campaignOfAd();
  const engine = openEngine(WORKERS);
  const ads = staticTable(Ad, Array.from({ length: ADS }, (_, ad) => ({ adId: adName(ad), campaignId: campaignName(campaigns[ad]) })), { key: 'adId' });
  const ours = async topic => {
    const found = [];
    const stats = await stream(kafka({ client: broker.client(), topic, groupId: `bench-${process.pid}-${performance.now()}`, until: 'latest' }), Event)
      .eventTime('at', { outOfOrderness: OUT_OF_ORDERNESS_MS })
      .filter(event => event.eventType.eq('view'))
      .groupBy(event => ({ campaignId: lookup(event.adId, ads).campaignId }))
      .window(tumbling(WINDOW_MS))
      .aggregate(() => ({ views: count() }))
      .to(callback(batch => { found.push(...batch.toRows()); }))
      .run({ engine });
    return { found, read: stats.sources[0].read };
  };
  const casesOf = async events => {
    const topic = await topicOfEvents(broker, events, progress);
    progress('working out what the answer must be');
    const { windows, bytes } = referenceOf(events, campaigns);
    return {
      bytes,
      cases: [
        { name: 'millrace', run: () => ours(topic), check: ({ found, read }) => read === events && sameViews(windowsOf(found), windows) },
        { name: 'bare client', run: () => countBytes(broker, topic, events), check: answer => answer === bytes },
        { name: 'bare client, our fetches', run: () => countBytes(broker, topic, events, { maxBytesPerPartition: OUR_FETCH_BYTES }), check: answer => answer === bytes },
        { name: 'plain JavaScript', run: () => viewsInPlainJs(broker, topic, events, campaigns), check: answer => sameViews(answer, windows) },
      ],
    };
  };
  try {
    const { bytes, cases } = await casesOf(rows);
    const warm = small ? { equal: true } : await interleave((await casesOf(WARM_UP_ROWS)).cases, { rounds: 1 });
    const shares = new Map();
    const { times, equal } = await interleave(cases.map(one => measured(one, broker, shares)), { rounds, progress, warmUp: { leastRounds: 0, mostRounds: 0, ms: 0 } });
    const report = (name, more) => [name, figure(times, name, rows, { ...more, ...coresOf(shares.get(name)) })];
    return {
      rows, rounds, equal: equal && warm.equal,
      ours: Object.fromEntries([report('millrace', { workers: WORKERS })]),
      peers: Object.fromEntries([report('bare client', { threads: 1 }), report('bare client, our fetches', { threads: 1 }), report('plain JavaScript', { threads: 1 })]),
      ratios: { bareClient: speedup(times, 'millrace', 'bare client'), bareClientOurFetches: speedup(times, 'millrace', 'bare client, our fetches'), plainJs: speedup(times, 'millrace', 'plain JavaScript') },
      required: { bareClient: { atLeast: 0.85 }, plainJs: { atLeast: 1.1 } },
      notes: { bytesPerMessage: Math.round(bytes / rows) },
    };
  } finally {
    await engine.close();
  }
}

/** The case, with what the broker and this process take of the processors noted in `shares`. */
function measured({ name, run, check }, broker, shares) {
  const share = { elapsed: 0, broker: 0, client: 0 };
  shares.set(name, share);
  return { name, check, async run() {
    const [begun, theirs, own] = [performance.now(), cpuMs(broker.process), process.cpuUsage()];
    const answer = await run();
    const { user, system } = process.cpuUsage(own);
    share.elapsed += performance.now() - begun;
    share.broker += cpuMs(broker.process) - theirs;
    share.client += (user + system) / 1000;
    return answer;
  } };
}
const coresOf = ({ elapsed, broker, client }) => ({ cores: { broker: Math.round(100 * broker / elapsed) / 100, client: Math.round(100 * client / elapsed) / 100 } });

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
