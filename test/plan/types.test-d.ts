import { describe, expectTypeOf, test } from 'vitest';
import {
  aggregateFn, approxCountDistinct, argMax, argMin, boolOr, bottomN, collectList, countDistinct, median, mostFrequent, quantile, reduce, topN,
  coalesce, count, first, global, lit, lookup, max, mean, min, schema, staticTable, stddev, stream, sum, t, tumbling, udf, when,
  type Output, type RowOf, type Source,
} from 'millrace';

declare const source: Source;
const Everything = schema({
  flag: t.bool, i8: t.int8, i32: t.int32, i64: t.int64, u8: t.uint8, u64: t.uint64, f32: t.float32, f64: t.float64, n: t.int32.nullable,
  dec: t.decimal(10, 2), text: t.utf8, code: t.dictionary(), maybe: t.utf8.nullable, bytes: t.binary, day: t.date, at: t.timestamp, us: t.timestampUs.nullable,
});
const rows = stream(source, Everything);
type RowsOf<P> = P extends Output<infer _> ? (P extends { collect(): Promise<(infer R)[]> } ? R : never) : never;

test('rows of a schema', () => {
  expectTypeOf<RowOf<typeof Everything>>().toEqualTypeOf<{
    readonly flag: boolean; readonly i8: number; readonly i32: number; readonly i64: bigint; readonly u8: number; readonly u64: bigint;
    readonly f32: number; readonly f64: number; readonly n: number | null; readonly dec: string; readonly text: string; readonly code: string;
    readonly maybe: string | null; readonly bytes: Uint8Array; readonly day: string; readonly at: number; readonly us: bigint | null;
  }>();
});

describe('expressions', () => {
  test('result types and nulls', () => {
    const result = rows.map(row => ({
      a: row.i32.add(1), b: row.i32.add(row.i64), c: row.i32.add(row.n), d: row.i64.div(2), e: row.dec.mul(2), f: row.dec.add(row.f64),
      g: row.text.length(), h: row.maybe.lower(), i: row.maybe.isNull(), j: row.i32.intDiv(row.i32), k: row.i32.mod(2), l: row.us.hour(),
      m: row.text.cast(t.int64), n: row.n.eq(1), o: row.n.isDistinctFrom(1), p: row.flag.and(row.n.gt(1)), q: row.at.truncate('day'), r: row.i8.add(row.u8),
    }));
    expectTypeOf<RowsOf<typeof result>>().toEqualTypeOf<{
      a: number; b: bigint; c: number | null; d: number; e: string; f: number; g: number; h: string | null; i: boolean; j: number | null; k: number;
      l: number | null; m: bigint; n: boolean | null; o: boolean; p: boolean | null; q: number; r: number;
    }>();
  });
  test('choices', () => {
    const ads = staticTable(schema({ id: t.int32, campaign: t.utf8, price: t.int64 }), [{ id: 1, campaign: 'x', price: 1n }], { key: 'id' });
    const score = udf(import.meta.url, 'score', { args: [t.utf8, t.int64.nullable], returns: t.float64.nullable });
    const result = rows.map(row => ({
      a: coalesce(row.n, 0), b: coalesce(row.n, row.n), c: coalesce(row.maybe, row.code, ''), d: when(row.flag).then('x').otherwise('y'),
      e: when(row.flag).then(row.i8).when(row.n.gt(1)).then(row.i64).otherwise(null), f: when(row.flag).then(1).otherwise(row.i64),
      g: lookup(row.i8, ads).campaign, h: lookup(row.i32, ads).price, i: score(row.code, row.n), j: lit(5), k: lit(5n), l: lit(null, t.int64), m: lit(5, t.int64),
    }));
    expectTypeOf<RowsOf<typeof result>>().toEqualTypeOf<{
      a: number; b: number | null; c: string; d: string; e: bigint | null; f: bigint; g: string | null; h: bigint | null; i: number | null; j: number; k: bigint; l: bigint | null; m: bigint;
    }>();
    // @ts-expect-error a lookup has the columns of its table
    rows.map(row => ({ x: lookup(row.i32, ads).campain }));
    // @ts-expect-error the key is a number
    rows.map(row => ({ x: lookup(row.text, ads).campaign }));
    // @ts-expect-error the first argument is text
    rows.map(row => ({ x: score(row.i8, row.n) }));
    // @ts-expect-error the first argument is never null
    rows.map(row => ({ x: score(row.maybe, row.n) }));
    // @ts-expect-error one argument is missing
    rows.map(row => ({ x: score(row.text) }));
  });
  test('what does not compile', () => {
    // @ts-expect-error a misspelt column
    rows.filter(row => row.txet.eq('x'));
    // @ts-expect-error text has no sums
    rows.map(row => ({ x: row.text.add(1) }));
    // @ts-expect-error text is not compared with numbers
    rows.filter(row => row.text.eq(5));
    // @ts-expect-error nor with their columns
    rows.filter(row => row.text.eq(row.i32));
    // @ts-expect-error there is .isNull() for nulls
    rows.filter(row => row.n.eq(null));
    // @ts-expect-error a filter is a condition
    rows.filter(row => row.i32);
    // @ts-expect-error JavaScript's comparison
    rows.filter(row => row.i32 === 5);
    // @ts-expect-error values of the column's type
    rows.filter(row => row.i32.in(['a']));
    // @ts-expect-error a µs timestamp is a bigint
    rows.filter(row => row.us.eq(5));
    // @ts-expect-error a constant is lit(5)
    rows.map(() => ({ x: 5 }));
    // @ts-expect-error unsigned numbers have no sign
    rows.map(row => ({ x: row.u8.neg() }));
    // @ts-expect-error no such part
    rows.map(row => ({ x: row.at.datePart('hours') }));
    // @ts-expect-error whole numbers only
    rows.map(row => ({ x: row.f64.intDiv(2) }));
  });
});

describe('pipelines', () => {
  const timed = rows.eventTime('at', { outOfOrderness: '30s' });
  test('select, with, map, union', () => {
    const selected = rows.select('i64', 'text');
    expectTypeOf<RowsOf<typeof selected>>().toEqualTypeOf<{ readonly i64: bigint; readonly text: string }>();
    const more = selected.with(row => ({ text: row.text.length(), extra: row.i64.gt(1) }));
    expectTypeOf<RowsOf<typeof more>>().toEqualTypeOf<{ readonly i64: bigint; text: number; extra: boolean }>();
    selected.union(rows.select('text', 'i64'));
    // @ts-expect-error a column too many
    selected.union(rows.select('i64', 'text', 'i8'));
    // @ts-expect-error another type
    selected.union(rows.map(row => ({ i64: row.i32, text: row.text })));
    // @ts-expect-error a misspelt column
    rows.select('txet');
  });
  test('event time', () => {
    rows.eventTime('day');
    // @ts-expect-error not a time
    rows.eventTime('text');
    // @ts-expect-error a misspelt column
    rows.eventTime('att');
    // @ts-expect-error once, and right behind stream()
    timed.eventTime('at');
    // @ts-expect-error tumbling windows need event time
    rows.window(tumbling('1m'));
    // @ts-expect-error tumbling windows need event time
    rows.groupBy('text').window(tumbling('1m'));
    rows.groupBy('text').window(global());
  });
  test('aggregates', () => {
    const result = timed.groupBy('code', row => ({ hour: row.us.truncate('hour') }), 'maybe').window(tumbling('1m')).aggregate(row => ({
      n: count(), m: count(row.n), s: sum(row.i8), s8: sum(row.u64), sd: sum(row.dec), sf: sum(row.f32), sn: sum(row.n), sw: sum(row.i8).where(row.flag),
      nw: count().where(row.flag), avg: mean(row.n), dev: stddev(row.i32), lo: min(row.code), hi: max(row.us), f: first(row.at), any: boolOr(row.n.gt(1)),
    }));
    expectTypeOf<RowsOf<typeof result>>().toEqualTypeOf<{
      readonly code: string; readonly maybe: string | null; hour: bigint | null; readonly windowStart: number; readonly windowEnd: number;
      readonly n: bigint; readonly m: bigint; readonly s: bigint; readonly s8: bigint; readonly sd: string; readonly sf: number; readonly sn: bigint | null;
      readonly sw: bigint | null; readonly nw: bigint; readonly avg: number | null; readonly dev: number | null; readonly lo: string; readonly hi: bigint | null;
      readonly f: number; readonly any: boolean | null;
    }>();
    const more = timed.groupBy('code').window(tumbling('1m')).aggregate(row => ({
      a: argMin(row.i8, row.text), b: argMax(row.n, row.i8), c: argMin(row.code, row.n), d: countDistinct(row.n), e: approxCountDistinct(row.maybe), f: quantile(row.dec, 0.9),
      g: median(row.n, { accuracy: 0.02 }), h: topN(row.us, 3), i: bottomN(row.code, 3), j: mostFrequent(row.i8, 1), k: collectList(row.n), l: collectList(row.n, { limit: 5 }).where(row.flag),
      m: countDistinct(row.i8).where(row.flag), n: argMax(row.i64, row.at).where(row.flag),
    }));
    expectTypeOf<RowsOf<typeof more>>().toEqualTypeOf<{
      readonly code: string; readonly windowStart: number; readonly windowEnd: number; readonly a: number; readonly b: number | null; readonly c: string | null; readonly d: bigint;
      readonly e: bigint; readonly f: number; readonly g: number | null; readonly h: string | null; readonly i: string; readonly j: string; readonly k: string; readonly l: string | null;
      readonly m: bigint; readonly n: bigint | null;
    }>();
    const spread = aggregateFn(import.meta.url, 'spread', { args: [t.int64, t.utf8.nullable], returns: t.decimal(9, 2).nullable });
    const own = rows.groupBy('text').aggregate(row => ({ a: spread(row.i8, row.maybe), b: reduce(import.meta.url, 'longest', row.code), c: reduce(import.meta.url, 'least', row.n) }));
    expectTypeOf<RowsOf<typeof own>>().toEqualTypeOf<{ readonly text: string; readonly a: string | null; readonly b: string; readonly c: number | null }>();
    // @ts-expect-error the first argument is never null
    rows.aggregate(row => ({ m: spread(row.n, row.text) }));
    // @ts-expect-error a median of text
    rows.aggregate(row => ({ m: median(row.text) }));
    // @ts-expect-error which quantile
    rows.aggregate(row => ({ m: quantile(row.i8) }));
    // @ts-expect-error compared with what
    rows.aggregate(row => ({ m: argMin(row.i8) }));
    // @ts-expect-error how many
    rows.aggregate(row => ({ m: topN(row.i8) }));
    const inMicroseconds = stream(source, schema({ us: t.timestampUs })).eventTime('us').window(tumbling('1s')).aggregate(() => ({ n: count() }));
    expectTypeOf<RowsOf<typeof inMicroseconds>>().toEqualTypeOf<{ readonly windowStart: bigint; readonly windowEnd: bigint; readonly n: bigint }>();
    const whole = rows.aggregate(row => ({ n: count(), s: sum(row.i8) }));
    expectTypeOf<RowsOf<typeof whole>>().toEqualTypeOf<{ readonly n: bigint; readonly s: bigint | null }>();
    // @ts-expect-error a sum of text
    rows.aggregate(row => ({ s: sum(row.text) }));
    // @ts-expect-error a column is no aggregate
    rows.aggregate(row => ({ s: row.i8 }));
    // @ts-expect-error a misspelt key
    rows.groupBy('txet');
    // @ts-expect-error only the results of an aggregate are late
    rows.late({ then: null as never });
  });
});
