import { describe, expectTypeOf, test } from 'vitest';
import { count, type Job, max, schema, type Sink, type Source, stream, t, together, tumbling } from 'millrace';

declare const source: Source;
declare const sink: Sink;
declare const appendOnly: Sink & { readonly accepts: 'append' };
const View = schema({ page: t.utf8, n: t.int64, at: t.timestamp });
const views = stream(source, View).eventTime('at');
const minutes = views.groupBy('page').window(tumbling('1m')).aggregate(() => ({ n: count() }));
const narrow = minutes.map(row => ({ page: row.page, n: row.n }));
type RowsOf<P> = P extends { collect(): Promise<(infer R)[]> } ? R : never;

describe('graphs', () => {
  test('results in a union, with results and with rows', () => {
    const both = views.select('page', 'n').union(narrow, narrow.filter(row => row.n.gt(1n)));
    expectTypeOf<RowsOf<typeof both>>().toEqualTypeOf<{ readonly page: string; readonly n: bigint }>();
    const hours = minutes.union(minutes.filter(row => row.n.gt(1n))).groupBy('page').window(tumbling('1h')).aggregate(row => ({ n: max(row.n) }));
    expectTypeOf<RowsOf<typeof hours>['windowEnd']>().toEqualTypeOf<number>();
    // @ts-expect-error other columns
    minutes.union(views);
    // @ts-expect-error results that are revised
    views.select('page', 'n').union(minutes.late({ accept: '1m' }).map(row => ({ page: row.page, windowStart: row.windowStart, windowEnd: row.windowEnd, version: row.version, n: row.n })));
    // @ts-expect-error results that are revised
    minutes.late({ accept: '1m' }).union(minutes);
  });
  test('results beside rows in a join', () => {
    const joined = views.join(minutes, { on: 'page', within: '1m', select: (view, minute) => ({ n: view.n, all: minute.n }) });
    expectTypeOf<RowsOf<typeof joined>>().toEqualTypeOf<{ n: bigint; all: bigint }>();
  });
  test('jobs together', () => {
    expectTypeOf(together(views.to(sink), minutes.to(appendOnly))).toEqualTypeOf<Job>();
    // @ts-expect-error a pipeline has no sink yet
    together(views);
  });
});
