import { expect, test } from 'vitest';
import { coalesce, count, lookup, schema, staticTable, stream, sum, t, tumbling, udf, when } from '../../src/index.ts';
import { fakeSource } from './fakes.ts';

const Ad = schema({ adId: t.dictionary(), ip: t.utf8, price: t.decimal(10, 2).nullable, n: t.int32, at: t.timestamp, 'user agent': t.utf8 });
test('explain', () => {
  const ads = staticTable(schema({ adId: t.utf8, campaign: t.int32 }), [{ adId: 'a', campaign: 1 }], { key: 'adId' });
  const score = udf('file:///score.js', 'score', { args: [t.utf8], returns: t.float64 });
  const branch = (name: string) => stream(fakeSource({ name }), Ad).eventTime('at', { outOfOrderness: '30s' });
  const text = branch('jsonl(a.jsonl)').filter(row => row.ip.notIn(Array.from({ length: 9 }, (_, i) => `10.0.0.${i}`)))
    .union(branch('jsonl(b.jsonl)'))
    .filter(row => row.n.gt(0).or(row['user agent'].isNull().not()).and(score(row.ip).lt(0.5)))
    .with(row => ({ campaign: lookup(row.adId, ads).campaign, size: when(row.n.gt(3)).then('big').otherwise('small'), cost: coalesce(row.price, 0).neg() }))
    .groupBy('campaign', row => ({ day: row.at.truncate('day') }))
    .window(tumbling('90m', { offset: '5m' }))
    .aggregate(row => ({ n: count(), cost: sum(row.cost).where(row.size.eq('big')) }))
    .explain();
  expect(text).toMatchInlineSnapshot(`
    "source      jsonl(a.jsonl)
      columns   adId dictionary, ip utf8, price decimal(10,2) null, n int32, at timestamp, user agent utf8
      time      at, out of order by up to 30s
    filter      ip NOT IN ('10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', … 3 more)
    filter      ((n > 0) OR (NOT ("user agent" IS NULL))) AND (score(ip) < 0.5)
    project     at, lookup(adId, table 0).campaign AS campaign, CASE WHEN n > 3 THEN 'big' ELSE 'small' END AS size, -coalesce(price, 0.00) AS cost

    source      jsonl(b.jsonl)
      columns   adId dictionary, ip utf8, price decimal(10,2) null, n int32, at timestamp, user agent utf8
      time      at, out of order by up to 30s
    filter      ((n > 0) OR (NOT ("user agent" IS NULL))) AND (score(ip) < 0.5)
    project     at, lookup(adId, table 0).campaign AS campaign, CASE WHEN n > 3 THEN 'big' ELSE 'small' END AS size, -coalesce(price, 0.00) AS cost

    union       of 2 branches
    aggregate   count(*) AS n, sum(cost) FILTER (WHERE size = 'big') AS cost
      by        campaign, truncate('day', at) AS day
      window    tumbling 1h 30m, offset 5m
    table 0     1 rows: adId utf8, campaign int32
    output      campaign int32 null, day timestamp, windowStart timestamp, windowEnd timestamp, n int64, cost decimal(18,2) null
    "
  `);
});
test('explain without an aggregate', () => {
  const text = stream(fakeSource({ name: 'rows' }), Ad).eventTime('at').select('n', 'ip').explain();
  expect(text).toMatchInlineSnapshot(`
    "source      rows
      columns   ip utf8, n int32, at timestamp
      time      at, in order
    project     n, ip
    output      n int32, ip utf8
    "
  `);
});
