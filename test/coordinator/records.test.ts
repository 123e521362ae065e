import { collect, count, max, schema, stream, sum, t } from 'millrace';
import { expect, test } from 'vitest';
import type { BadRecord, ColumnValues, Origin, SourceItem } from '../../src/connectors/source.ts';
import { ScriptedSource } from '../support/scripted-source.ts';

const fields = schema({ k: t.utf8.nullable, n: t.int32, offset: t.int64, at: t.timestamp.nullable });
const BESIDE = ['k', 'offset', 'at'];

interface Item { texts: readonly string[]; keys: readonly (string | null)[]; offsets: readonly number[]; bad?: readonly BadRecord[]; origin?: Origin }
/** Records of JSON, with columns beside them. */
function item({ texts, keys, offsets, bad, origin }: Item): SourceItem {
  let end = 0;
  const ends = Uint32Array.from(texts, text => (end += Buffer.byteLength(text) + 1));
  const bytes = keys.map(key => Buffer.from(key ?? ''));
  let at = 0;
  const columns: ColumnValues[] = [
    { kind: 'text', offsets: Int32Array.from([0, ...bytes.map(key => (at += key.length))]), bytes: Buffer.concat(bytes), valid: Uint8Array.from(keys, key => (key === null ? 0 : 1)) },
    { kind: 'fixed', values: BigInt64Array.from(offsets, BigInt), valid: null },
    { kind: 'fixed', values: BigInt64Array.from(offsets, offset => BigInt(offset) * 1000n), valid: Uint8Array.from(offsets, offset => (offset === 7 ? 0 : 1)) },
  ];
  return { kind: 'text', bytes: Buffer.from(texts.map(text => `${text}\n`).join('')), format: { kind: 'json', beside: BESIDE }, records: { ends, columns }, bad, origin };
}
const LETTERS = { source: '', position: 0n, reason: '', message: '', row: '' };
const run = async (items: readonly SourceItem[]) => {
  const source = new ScriptedSource('log');
  for (const one of items) source.give(one);
  source.end();
  const [sink, letters] = [collect(), collect<typeof LETTERS>()];
  const stats = await stream(source, fields).deadLetters(letters).to(sink).run({ workers: 1, heap: '64MiB' });
  return { rows: sink.rows, letters: letters.rows.map(({ source: from, position, reason, row }) => [from, position, reason, row]), stats: stats.sources[0]! };
};

test('columns beside a text come to their rows, whatever lines are bad', async () => {
  const { rows, letters, stats } = await run([
    item({ texts: ['{"n":1}', 'nonsense', '{"n":2,"k":"not this"}', '{"n":"x"}', '{"n":3}'], keys: ['a', 'b', null, 'd', 'é'], offsets: [5, 6, 7, 8, 9] }),
    item({ texts: ['{"n":4}', '{"n":5}'], keys: ['f', 'g'], offsets: [10, 11] }),
  ]);
  expect(rows).toEqual([
    { k: 'a', n: 1, offset: 5n, at: 5000 }, { k: null, n: 2, offset: 7n, at: null }, { k: 'é', n: 3, offset: 9n, at: 9000 },
    { k: 'f', n: 4, offset: 10n, at: 10_000 }, { k: 'g', n: 5, offset: 11n, at: 11_000 },
  ]);
  expect(letters).toEqual([['log', 1n, 'BAD_ROW', 'nonsense'], ['log', 3n, 'BAD_ROW', '{"n":"x"}']]);
  expect([stats.read, stats.applied, stats.deadLettered]).toEqual([7, 5, 2]);
});

test('a record may have line feeds in it', async () => {
  const { rows, letters } = await run([item({ texts: ['{\n "n": 1\n}', '\n\n{"n":2}\r\n', 'bad\nbad', '{"n":3}'], keys: ['a', 'b', 'c', 'd'], offsets: [1, 2, 3, 4] })]);
  expect(rows.map(({ k, n }) => [k, n])).toEqual([['a', 1], ['b', 2], ['d', 3]]);
  expect(letters).toEqual([['log', 2n, 'BAD_ROW', 'bad bad']]);
});

test('a source says where dead letters come from, and which rows it left out', async () => {
  const bad: BadRecord = { position: 101n, reason: 'BAD_ROW', message: 'empty', row: '' };
  const origin: Origin = { source: 'log[3]', positionOf: row => [100n, 102n, 104n][row]! };
  const { rows, letters, stats } = await run([item({ texts: ['{"n":1}', '{"n":-}', '{"n":3}'], keys: ['a', 'b', 'c'], offsets: [1, 2, 3], bad: [bad], origin })]);
  expect(rows.map(({ n }) => n)).toEqual([1, 3]);
  expect(letters).toEqual([['log[3]', 101n, 'BAD_ROW', ''], ['log[3]', 102n, 'BAD_ROW', '{"n":-}']]);
  expect([stats.read, stats.applied, stats.deadLettered]).toEqual([4, 2, 2]);
});

test('an item of nothing but bad rows, and columns of which a source left rows out', async () => {
  const bad = (position: bigint): BadRecord => ({ position, reason: 'NULL_IN_NON_NULL', message: 'no key', row: '{}' });
  const { rows, letters, stats } = await run([
    item({ texts: [], keys: [], offsets: [], bad: [bad(1n), bad(2n)] }),
    {
      kind: 'columns', rows: 1, bad: [bad(7n)], origin: { source: 'here', positionOf: () => 8n },
      columns: [
        { kind: 'text', offsets: Int32Array.of(0, 1), bytes: Buffer.from('z'), valid: null }, { kind: 'fixed', values: Int32Array.of(9), valid: null },
        { kind: 'fixed', values: BigInt64Array.of(8n), valid: null }, { kind: 'fixed', values: BigInt64Array.of(0n), valid: null },
      ],
    },
  ]);
  expect(rows).toEqual([{ k: 'z', n: 9, offset: 8n, at: 0 }]);
  expect(letters).toEqual([['log', 1n, 'NULL_IN_NON_NULL', '{}'], ['log', 2n, 'NULL_IN_NON_NULL', '{}'], ['here', 7n, 'NULL_IN_NON_NULL', '{}']]);
  expect([stats.read, stats.applied, stats.deadLettered]).toEqual([4, 1, 3]);
});

test('a source that is read twice over decodes each text for both, with all columns beside it', async () => {
  const source = new ScriptedSource('log');
  source.give(item({ texts: ['{"n":1}', 'bad\n', '{"n":2}'], keys: ['a', 'b', 'b'], offsets: [1, 2, 3] })).end();
  const sink = collect();
  const log = stream(source, fields);
  await log.filter(row => row.n.gt(1)).union(log).groupBy('k').aggregate(row => ({ rows: count(), sum: sum(row.offset), last: max(row.at) })).to(sink).run({ workers: 2, heap: '64MiB' });
  expect(sink.rows).toEqual(expect.arrayContaining([{ k: 'a', rows: 1n, sum: 1n, last: 1000 }, { k: 'b', rows: 2n, sum: 6n, last: 3000 }]));
});
