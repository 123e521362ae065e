import { count, first, jsonl, lookup, max, schema, staticTable, stream, sum, t, tumbling } from 'millrace';

const Event = schema({ adId: t.utf8, kind: t.utf8, price: t.decimal(9, 2).nullable, at: t.timestamp });
const Ad = schema({ adId: t.utf8, campaign: t.utf8 });
const ads = staticTable(Ad, [{ adId: 'a1', campaign: 'Ünï' }, { adId: 'a2', campaign: 'Ünï' }, { adId: 'a3', campaign: 'zero' }], { key: 'adId' });

/** Views per campaign and minute; ads of no campaign are left out, stragglers of more than ten seconds may be late. */
export default ([input, output]) => stream(jsonl(`${input}/events.jsonl`), Event)
  .eventTime('at', { outOfOrderness: '10s' })
  .with(event => ({ campaign: lookup(event.adId, ads).campaign }))
  .filter(event => event.kind.eq('view').and(event.campaign.isNotNull()))
  .groupBy('campaign')
  .window(tumbling('1m'))
  .aggregate(event => ({ views: count(), paid: count(event.price), cost: sum(event.price), most: max(event.price), firstAd: first(event.adId) }))
  .late({ then: jsonl(`${output}/late.jsonl`) })
  .deadLetters(jsonl(`${output}/dead-letters.jsonl`))
  .to(jsonl(`${output}/minutes.jsonl`));
