import { arrow, callback, count, lookup, schema, staticTable, stream, t, tumbling } from 'millrace';
import { arrowTable } from '../arrow-tables.mjs';
import { openEngine, tableInHeap } from '../ours.mjs';
import { ADS, CAMPAIGNS, OUT_OF_ORDERNESS_MS, TYPES, WINDOW_MS, adName, adNames, campaignName } from './ysb-events.mjs';

const Event = schema({ adId: t.dictionary('int16'), eventType: t.dictionary('int8'), at: t.timestamp });
const Ad = schema({ adId: t.utf8, campaignId: t.utf8 });

/** The question as a user writes it; only the source differs between the figures. */
const viewsPerCampaign = (source, ads) => stream(source, Event)
  .eventTime('at', { outOfOrderness: OUT_OF_ORDERNESS_MS })
  .filter(event => event.eventType.eq('view'))
  .groupBy(event => ({ campaignId: lookup(event.adId, ads).campaignId }))
  .window(tumbling(WINDOW_MS))
  .aggregate(() => ({ views: count() }));

/** `heapOnly`: the other places of the columns are not asked for, and take no memory. */
export async function openOurs(columns, campaignOfAd, workers, { heapOnly = false } = {}) {
  const engine = openEngine(workers);
  const ads = staticTable(Ad, Array.from({ length: ADS }, (_, ad) => ({ adId: adName(ad), campaignId: campaignName(campaignOfAd[ad]) })), { key: 'adId' });
  const run = source => {
    const views = viewsPerCampaign(source, ads);
    return async () => {
      const rows = [];
      const stats = await views.to(callback(batch => { rows.push(...batch.toRows()); })).run({ engine });
      return { rows, stats };
    };
  };
  const { adId, eventType, at } = columns;
  return {
    fromHeap: run(tableInHeap(engine, Event, { adId: { codes: adId, texts: adNames }, eventType: { codes: eventType, texts: TYPES }, at }).source()),
    ...heapOnly ? {} : {
      fromShared: run(arrow(eventTable(columns))),
      fromPrivate: run(arrow(eventTable(privateCopy(columns)))),
    },
    read: ({ rows }) => ({ windows: windowsOf(rows) }),
    close: () => engine.close(),
  };
}

const eventTable = ({ adId, eventType, at }) => arrowTable({
  adId: { values: adId, dictionary: adNames },
  eventType: { values: eventType, dictionary: TYPES },
  at: { values: at, type: 'timestamp' },
});
/** Out of the shared buffer: `slice` gives an array of its own. */
const privateCopy = columns => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.slice()]));

/** Window start in ms → counts per campaign. A group that comes twice counts as wrong. */
function windowsOf(rows) {
  const windows = new Map();
  for (const { campaignId, windowStart, windowEnd, views } of rows) {
    if (!windows.has(windowStart)) windows.set(windowStart, new Uint32Array(CAMPAIGNS));
    const counts = windows.get(windowStart), campaign = Number(campaignId.slice('campaign-'.length));
    const right = windowEnd === windowStart + WINDOW_MS && campaignName(campaign) === campaignId && counts[campaign] === 0;
    counts[campaign] = right ? Number(views) : 0xffffffff;
  }
  return windows;
}
