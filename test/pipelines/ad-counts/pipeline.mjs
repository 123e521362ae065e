import { count, jsonl, schema, stream, sum, t, tumbling } from 'millrace';

const Ad = schema({ ad: t.utf8.nullable, campaign: t.utf8, at: t.timestamp });
const View = schema({ ad: t.utf8.nullable, viewer: t.utf8, seen: t.timestamp });
const Click = schema({ ad: t.utf8.nullable, clicked: t.timestamp });

/** How often each ad was seen, from ten seconds before it was served to ten minutes behind that, and clicked within an hour: `each`, or by campaign and minute, as they change. */
export default ([input, output, what]) => {
  const views = stream(jsonl(`${input}/views.jsonl`), View).eventTime('seen', { outOfOrderness: '2h' });
  const clicks = stream(jsonl(`${input}/clicks.jsonl`), Click).eventTime('clicked', { outOfOrderness: '2h' });
  const ads = stream(jsonl(`${input}/ads.jsonl`), Ad)
    .eventTime('at', { outOfOrderness: '2h' })
    .countMatches({ views: { of: views, within: { before: '10s', after: '10m' } }, clicks: { of: clicks, within: { after: '1h' } } }, { on: 'ad' });
  if (what === 'each') return ads.to(jsonl(`${output}/ads.jsonl`));
  return ads
    .groupBy('campaign')
    .window(tumbling('1m'))
    .aggregate(ad => ({ served: count(), views: sum(ad.views), clicks: sum(ad.clicks) }))
    .to(jsonl(`${output}/minutes.jsonl`));
};
