import { expect, test } from 'vitest';
import { calendar, coalesce, count, countWindow, cumulating, global, lookup, max, schema, session, sliding, staticTable, stream, sum, t, tumbling, udf, when } from '../../src/index.ts';
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
      time      at, out of order by up to 30s, at most 1d ahead of the clock
    filter      ip NOT IN ('10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', … 3 more)
    filter      ((n > 0) OR (NOT ("user agent" IS NULL))) AND (score(ip) < 0.5)
    project     at, lookup(adId, table 0).campaign AS campaign, CASE WHEN n > 3 THEN 'big' ELSE 'small' END AS size, -coalesce(price, 0.00) AS cost

    source      jsonl(b.jsonl)
      columns   adId dictionary, ip utf8, price decimal(10,2) null, n int32, at timestamp, user agent utf8
      time      at, out of order by up to 30s, at most 1d ahead of the clock
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
      time      at, in order, at most 1d ahead of the clock
    project     n, ip
    output      n int32, ip utf8
    "
  `);
});
test('explain of several stages', () => {
  const text = stream(fakeSource({ name: 'views' }), Ad).eventTime('at', { idleAfter: '30s', maxDrift: '1m', maxAhead: 'none' })
    .dedupe('ip', { within: '1h' })
    .groupBy('adId').window(session('30m', { maxLength: '1d' })).aggregate(() => ({ n: count() })).late({ accept: '12h' }).emit('final')
    .having(row => row.n.gt(1n))
    .groupBy('adId').window(calendar('day', { zone: 'Europe/Paris' })).aggregate(row => ({ visits: count(), longest: max(row.n) }))
    .top(10, row => row.visits, { per: ['adId'] })
    .explain();
  expect(text).toMatchInlineSnapshot(`
    "source      views
      columns   adId dictionary, ip utf8, at timestamp
      time      at, in order, idle after 30s, at most 1m ahead of other inputs
    dedupe      ip
      within    1h of a row read before

    then        the results of stage 0
      columns   adId dictionary, at timestamp
      time      at
    aggregate   count(*) AS n
      by        adId
      window    sessions with gaps of more than 30m between, cut every 1d
      late      rows are accepted for 12h after the end of a window
      emits     once, when no more rows are accepted

    then        the results of stage 1
      columns   adId dictionary, windowStart timestamp, windowEnd timestamp, n int64
      time      windowEnd less 1 ms
    filter      n > 1
    aggregate   count(*) AS visits, max(n) AS longest
      by        adId
      window    each day in Europe/Paris

    then        the results of stage 2
      columns   adId dictionary, windowStart timestamp, windowEnd timestamp, visits int64, longest int64
      time      windowEnd less 1 ms
    top         10 with the greatest visits
      of each   window, adId
    output      adId dictionary, windowStart timestamp, windowEnd timestamp, visits int64, longest int64
    "
  `);
});
test('explain of results that are revised', () => {
  const text = stream(fakeSource({ name: 'views' }), Ad).eventTime('at', { maxAhead: null }).groupBy('ip').window(sliding('10s', '1s')).aggregate(() => ({ n: count() }))
    .late({ accept: '1h' }).emit({ early: '500ms' }).having(row => row.n.gt(1n)).explain();
  expect(text).toMatchInlineSnapshot(`
    "source      views
      columns   ip utf8, at timestamp
      time      at, in order
    aggregate   count(*) AS n
      by        ip
      window    sliding 10s, every 1s
      late      rows are accepted for 1h after the end of a window
      emits     every 500ms so far, at the close, for each late row, with a version

    then        the results of stage 0
      columns   ip utf8, windowStart timestamp, windowEnd timestamp, version int64, n int64
      time      windowEnd less 1 ms
    project     ip, windowStart, windowEnd, version, NOT (n > 1) AS deleted, n
    project     ip, windowStart, windowEnd, version, deleted, CASE WHEN deleted THEN NULL ELSE n END AS n
    output      ip utf8, windowStart timestamp, windowEnd timestamp, version int64, deleted bool, n int64 null
      revised   rows replace each other: the greatest version counts, and nothing where it is deleted
    "
  `);
});
test('explain of each window', () => {
  const timed = stream(fakeSource(), Ad).eventTime('at');
  const explained = [tumbling('1m'), cumulating('1d', '1h', { offset: '6h' }), calendar('week', { zoneFrom: 'user agent' }), session('5m'), countWindow(100), global()]
    .map(window => /window {4}(.*)/.exec(timed.window(window as never).aggregate(() => ({ n: count() })).explain())![1]);
  expect(explained).toMatchInlineSnapshot(`
    [
      "tumbling 1m",
      "cumulating up to 1d, every 1h, offset 6h",
      "each week in the time zone "user agent"",
      "sessions with gaps of more than 5m between",
      "of 100 rows each",
      "global, closed at the end of input",
    ]
  `);
});
