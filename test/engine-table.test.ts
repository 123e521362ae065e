import { afterAll, describe, expect, test } from 'vitest';
import { hasEngine } from './support/engine.ts';

const millrace = (hasEngine ? await import(new URL('../dist/src/index.js', import.meta.url).href) : null) as typeof import('../src/index.ts');

describe.skipIf(!hasEngine)('a table of an engine', () => {
  const { count, createEngine, schema, stream, sum, t } = millrace ?? {};
  const engine = hasEngine ? createEngine({ workers: 2, heap: '128MiB' }) : null!;
  afterAll(() => engine?.close());
  const make = () => {
    const Hit = schema({ page: t.dictionary('int8'), ms: t.int32, note: t.utf8.nullable });
    const table = engine.table(Hit, { dictionaries: { page: ['home', 'search'] }, name: 'hits' });
    const batch = table.batch(3).strings('note', ['a', null, 'c']);
    batch.column('page').set([0, 1, 0] as never);
    batch.column('ms').set([12, 340, 9] as never);
    table.add(batch);
    return { Hit, table };
  };

  test('is read by one job after another, any of its columns in any order', async () => {
    const { Hit, table } = make();
    for (let job = 0; job < 2; job++) {
      expect(await stream(table.source(), Hit).collect({ engine })).toEqual([{ page: 'home', ms: 12, note: 'a' }, { page: 'search', ms: 340, note: null }, { page: 'home', ms: 9, note: 'c' }]);
    }
    const Some = schema({ ms: t.int32, page: t.dictionary('int8') });
    const pages = await stream(table.source(), Some).groupBy('page').aggregate(row => ({ hits: count(), ms: sum(row.ms) })).collect({ engine });
    expect(pages.toSorted((a, b) => (a.page < b.page ? -1 : 1))).toEqual([{ page: 'home', hits: 2n, ms: 21n }, { page: 'search', hits: 1n, ms: 340n }]);
    table.free();
  });

  test('is refused by a job that runs elsewhere, on an engine of its own or on another', async () => {
    const { Hit, table } = make();
    const other = createEngine({ workers: 1, heap: '32MiB' });
    const refused = /^BAD_OPTION: the heap table lies in another engine's heap: run the job on the one that made it/;
    await expect(stream(table.source(), Hit).collect()).rejects.toThrow(refused);
    await expect(stream(table.source(), Hit).collect({ engine: other })).rejects.toThrow(refused);
    expect(await stream(table.source(), Hit).collect({ engine })).toHaveLength(3);
    await other.close();
    table.free();
  });

  test('says which column it has not, or has of another type', async () => {
    const { table } = make();
    await expect(stream(table.source(), schema({ seconds: t.int32 })).collect({ engine })).rejects.toThrow(/^UNKNOWN_COLUMN: the heap table has no column 'seconds'; it has page, ms, note/);
    await expect(stream(table.source(), schema({ ms: t.int64 })).collect({ engine })).rejects.toThrow(/^TYPE_MISMATCH: column 'ms' of the heap table is/);
    expect(() => engine.table(schema({ page: t.dictionary() }))).toThrow(/^BAD_OPTION: column 'page' is a dictionary/);
  });
});
