import { expect, test } from 'vitest';
import { callback, createEngine, lookup, schema, staticTable, stream, rows as rowsOf, t } from 'millrace';
import { Word, word } from '../src/heap/control.ts';

const Event = schema({ ad: t.utf8 });
const Ad = schema({ ad: t.utf8, campaign: t.utf8, price: t.int32 });
const tableOf = (count: number, campaign: (ad: number) => string) =>
  staticTable(Ad, Array.from({ length: count }, (_, ad) => ({ ad: `ad-${ad}`, campaign: campaign(ad), price: ad })), { key: 'ad' });

test('an engine keeps the static tables of its last job, for the next, and no others', async () => {
  const engine = createEngine({ workers: 2, heap: '64MiB' });
  const events = Array.from({ length: 5000 }, (_, row) => ({ ad: `ad-${row % 30}` }));
  const run = async (table: ReturnType<typeof tableOf>, column: 'campaign' | 'price') => {
    const found: unknown[] = [];
    await stream(rowsOf(events), Event)
      .map(event => ({ found: lookup(event.ad, table)[column] }))
      .to(callback(batch => { found.push(...batch.toRows().map(row => (row as { found: unknown }).found)); }))
      .run({ engine });
    return { found, pages: engine.heap.u32[word(Word.userPages)]! };
  };
  const expected = (count: number, value: (ad: number) => unknown) => events.map((_, row) => (row % 30 < count ? value(row % 30) : null));
  const [first, second] = [tableOf(20, ad => `a${ad % 3}`), tableOf(10_000, ad => `b${ad % 7}`)];
  try {
    const one = await run(first, 'campaign');
    expect(one.found).toEqual(expected(20, ad => `a${ad % 3}`));
    expect(one.pages).toBeGreaterThan(0);
    expect(await run(first, 'campaign')).toEqual(one);
    const price = await run(first, 'price');
    expect(price.found).toEqual(expected(20, ad => ad));
    const two = await run(second, 'campaign');
    expect(two.found).toEqual(expected(10_000, ad => `b${ad % 7}`));
    expect(two.pages).toBeGreaterThan(one.pages);
    expect(await run(first, 'campaign')).toEqual(one);
  } finally {
    await engine.close();
  }
});
