import { describe, expectTypeOf, test } from 'vitest';
import { count, min, schema, session, stream, sum, t, tumbling, type Output, type Sink, type Source } from 'millrace';

declare const source: Source;
declare const anySink: Sink;
declare const appendOnly: Sink & { readonly accepts: 'append' };
declare const upserts: Sink & { readonly accepts: 'updating' };
const Ad = schema({ adId: t.int64, campaign: t.utf8, at: t.timestamp });
const View = schema({ adId: t.int64, ip: t.utf8, ms: t.int32, seen: t.timestamp });
const Named = schema({ adId: t.utf8, clicked: t.timestamp });
const ads = stream(source, Ad).eventTime('at');
const views = stream(source, View).eventTime('seen');
const named = stream(source, Named).eventTime('clicked');
type RowsOf<P> = P extends { collect(): Promise<(infer R)[]> } ? R : never;
type ModeOf<P> = P extends Output<infer _, infer L> ? L : never;
interface AdRow { readonly adId: bigint; readonly campaign: string; readonly at: number }
interface ViewRow { readonly ip: string; readonly ms: number; readonly seen: number }

describe('joins', () => {
  test('of two inputs', () => {
    const inner = ads.join(views, { on: 'adId', within: '10m' });
    expectTypeOf<RowsOf<typeof inner>>().toEqualTypeOf<{ readonly adId: bigint; readonly campaign: string; readonly at: number; readonly ip: string; readonly ms: number; readonly seen: number }>();
    expectTypeOf<ModeOf<typeof inner>>().toEqualTypeOf<'append'>();
    const left = ads.join(views, { on: ['adId'], within: { after: '12h' }, kind: 'left' });
    expectTypeOf<RowsOf<typeof left>>().toEqualTypeOf<{
      readonly adId: bigint; readonly campaign: string; readonly at: number; readonly ip: string | null; readonly ms: number | null; readonly seen: number | null; readonly retracted: boolean;
    }>();
    expectTypeOf<ModeOf<typeof left>>().toEqualTypeOf<'retracting'>();
    const final = ads.join(views, { on: 'adId', within: '10m', kind: 'left', mode: 'final' });
    expectTypeOf<ModeOf<typeof final>>().toEqualTypeOf<'append'>();
    expectTypeOf<RowsOf<typeof final>['ip']>().toEqualTypeOf<string | null>();
    const right = ads.join(views, { on: 'adId', within: '10m', kind: 'right', mode: 'final' });
    expectTypeOf<RowsOf<typeof right>>().toEqualTypeOf<{ readonly adId: bigint; readonly campaign: string | null; readonly at: number | null; readonly ip: string; readonly ms: number; readonly seen: number }>();
    const full = ads.join(views, { on: 'adId', within: '10m', kind: 'full', mode: 'final' });
    expectTypeOf<RowsOf<typeof full>['adId']>().toEqualTypeOf<bigint | null>();
  });
  test('with a window, and with columns of one\'s own', () => {
    const minute = ads.join(views, { on: 'adId', window: tumbling('1m') });
    expectTypeOf<RowsOf<typeof minute>['windowStart']>().toEqualTypeOf<number>();
    const chosen = ads.join(views, { on: 'adId', within: '1m', kind: 'left', select: (ad, view) => ({ campaign: ad.campaign, ip: view.ip, twice: view.ms.mul(2) }) });
    expectTypeOf<RowsOf<typeof chosen>>().toEqualTypeOf<{ campaign: string; ip: string | null; twice: number | null; readonly retracted: boolean }>();
    const computed = ads.join(named, { on: { left: ad => ({ id: ad.adId.cast(t.utf8) }), right: row => ({ id: row.adId }) }, within: '1m', select: (ad, row) => ({ at: ad.at, clicked: row.clicked }) });
    expectTypeOf<RowsOf<typeof computed>>().toEqualTypeOf<{ at: number; clicked: number }>();
  });
  test('with a table as of event time', () => {
    const Campaign = schema({ campaign: t.utf8, budget: t.int32, stopped: t.bool, since: t.timestamp });
    const campaigns = stream(source, Campaign).eventTime('since');
    const inner = ads.asOfJoin(campaigns, { on: 'campaign' });
    expectTypeOf<RowsOf<typeof inner>>().toEqualTypeOf<Flat<AdRow & { readonly budget: number; readonly stopped: boolean; readonly since: number }>>();
    expectTypeOf<ModeOf<typeof inner>>().toEqualTypeOf<'append'>();
    const left = ads.asOfJoin(campaigns, { on: 'campaign', kind: 'left', within: '30d', deleted: row => row.stopped }).late({ accept: '1m' });
    expectTypeOf<RowsOf<typeof left>>().toEqualTypeOf<Flat<AdRow & { readonly budget: number | null; readonly stopped: boolean | null; readonly since: number | null }>>();
    expectTypeOf<ModeOf<typeof left>>().toEqualTypeOf<'append'>();
    const chosen = ads.asOfJoin(campaigns, { on: { left: ad => ({ of: ad.campaign }), right: row => ({ of: row.campaign }) }, kind: 'left', select: (ad, row) => ({ at: ad.at, budget: row.budget }) });
    expectTypeOf<RowsOf<typeof chosen>>().toEqualTypeOf<{ at: number; budget: number | null }>();
    chosen.to(appendOnly);
    // @ts-expect-error a version may be missing
    ads.asOfJoin(campaigns, { on: 'campaign', kind: 'right' });
    // @ts-expect-error there is one mode
    ads.asOfJoin(campaigns, { on: 'campaign', mode: 'eager' });
    // @ts-expect-error the key has another type on the other side
    ads.asOfJoin(named, { on: 'adId' });
    // @ts-expect-error not a condition
    ads.asOfJoin(campaigns, { on: 'campaign', deleted: row => row.budget });
    // @ts-expect-error no event time
    ads.asOfJoin(stream(source, Campaign), { on: 'campaign' });
  });
  test('halves', () => {
    const semi = ads.semiJoin(views, { on: 'adId', within: '1m' });
    expectTypeOf<RowsOf<typeof semi>>().toEqualTypeOf<{ readonly [K in keyof AdRow]: AdRow[K] }>();
    expectTypeOf<ModeOf<typeof semi>>().toEqualTypeOf<'append'>();
    const anti = ads.antiJoin(views, { on: 'adId', within: '1m' });
    expectTypeOf<ModeOf<typeof anti>>().toEqualTypeOf<'retracting'>();
    expectTypeOf<ModeOf<ReturnType<typeof final>>>().toEqualTypeOf<'append'>();
    function final() {
      return ads.antiJoin(views, { on: 'adId', within: '1m', mode: 'final' });
    }
  });
  test('of several inputs', () => {
    const clicks = named.map(row => ({ adId: row.adId.cast(t.int64), clicked: row.clicked }));
    const all = ads.joinAll({ views: { of: views, within: '1h' }, clicks: { of: clicks, within: '1h', kind: 'left' } }, { on: 'adId' });
    expectTypeOf<RowsOf<typeof all>>().toEqualTypeOf<Flat<AdRow & ViewRow & { readonly clicked: number | null; readonly retracted: boolean }>>();
    const chosen = ads.joinAll({ views: { of: views, within: '1h' }, clicks: { of: clicks, within: '1h' } }, { on: 'adId', select: (ad, other) => ({ campaign: ad.campaign, ip: other.views.ip, at: other.clicks.clicked }) });
    expectTypeOf<RowsOf<typeof chosen>>().toEqualTypeOf<{ campaign: string; ip: string; at: number }>();
    expectTypeOf<ModeOf<typeof chosen>>().toEqualTypeOf<'append'>();
    const counted = ads.countMatches({ views: { of: views, within: { after: '12h' } }, clicks: { of: clicks, within: { after: '12h' } } }, { on: 'adId' });
    expectTypeOf<RowsOf<typeof counted>>().toEqualTypeOf<Flat<AdRow & { readonly views: bigint; readonly clicks: bigint; readonly retracted: boolean }>>();
    const minutes = counted.groupBy('campaign').window(tumbling('1m')).aggregate(row => ({ served: count(), views: sum(row.views) }));
    expectTypeOf<RowsOf<typeof minutes>>().toEqualTypeOf<{
      readonly campaign: string; readonly windowStart: number; readonly windowEnd: number; readonly version: bigint; readonly deleted: boolean; readonly served: bigint | null; readonly views: bigint | null;
    }>();
    const once = minutes.emit('final');
    expectTypeOf<RowsOf<typeof once>>().toEqualTypeOf<{ readonly campaign: string; readonly windowStart: number; readonly windowEnd: number; readonly served: bigint; readonly views: bigint }>();
    minutes.to(upserts);
    once.to(appendOnly);
  });
  test('what does not compile', () => {
    // @ts-expect-error the key has another type on the other side
    ads.join(named, { on: 'adId', within: '1m' });
    // @ts-expect-error computed keys of different types
    ads.join(named, { on: { left: ad => ({ id: ad.adId }), right: row => ({ id: row.adId }) }, within: '1m' });
    // @ts-expect-error no such column
    ads.join(views, { on: 'campaign', within: '1m' });
    // @ts-expect-error no such kind
    ads.join(views, { on: 'adId', within: '1m', kind: 'outer' });
    // @ts-expect-error no event time
    stream(source, Ad).join(stream(source, View), { on: 'adId', within: '1m' });
    // @ts-expect-error not a window for joins
    ads.join(views, { on: 'adId', window: session('1m') });
    const left = ads.join(views, { on: 'adId', within: '1m', kind: 'left' });
    // @ts-expect-error rows may be taken back
    left.to(appendOnly);
    // @ts-expect-error rows may be taken back, and have no version
    left.to(upserts);
    left.to(anySink);
    // @ts-expect-error a session would have to be taken apart
    left.groupBy('campaign').window(session('1m'));
    // @ts-expect-error rows may be taken back
    left.dedupe('adId', { within: '1m' });
    left.groupBy('campaign').window(tumbling('1m')).aggregate(row => ({ least: min(row.ms) }));
  });
});

type Flat<T> = { [K in keyof T]: T[K] } & {};
