import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ResultBatches } from '../../src/batch/result-batch.ts';
import { dictionariesFor, RowBuilder } from '../../src/batch/row-builder.ts';
import { batches } from '../../src/connectors/batches.ts';
import { callback, collect } from '../../src/connectors/collect.ts';
import { heapTable } from '../../src/connectors/heap-table.ts';
import type { ResultBatch } from '../../src/connectors/sink.ts';
import type { Fields } from '../../src/plan/types.ts';
import { drain } from '../support/drain.ts';
import { testHeap } from '../support/heap.ts';

const { heap, allocator } = testHeap();
const fields: Fields = [{ name: 'n', type: { kind: 'int32' }, nullable: false }, { name: 's', type: { kind: 'utf8' }, nullable: true }];
const factory = new ResultBatches(heap, fields);
const result = (...ns: number[]): ResultBatch => {
  const builder = new RowBuilder(fields, heap, allocator, dictionariesFor(fields, heap, allocator));
  for (const n of ns) builder.append({ n, s: String(n) });
  return factory.of(builder.finish().descriptor);
};

test('collect keeps rows; a failed job leaves none', async () => {
  const sink = collect<{ n: number; s: string }>();
  await sink.open(fields);
  await sink.write(result(1, 2));
  await sink.write(result(3));
  await sink.close();
  expect(sink.rows).toEqual([{ n: 1, s: '1' }, { n: 2, s: '2' }, { n: 3, s: '3' }]);
  await sink.abort();
  expect(sink.rows).toEqual([]);
});

test('callback gets batches, whose columns are typed arrays', async () => {
  const seen: unknown[] = [];
  const sink = callback(batch => {
    seen.push([...batch.values('n') as Int32Array], batch.rows, batch.toArrow().numRows);
    expect(() => batch.values('s')).toThrow(/TYPE_MISMATCH: column 's' is utf8/);
    expect(() => batch.values('x')).toThrow(/UNKNOWN_COLUMN: the result has no column 'x'; it has n, s/);
  });
  await sink.write(result(4, 5));
  expect(seen).toEqual([[4, 5], 2, 2]);
});

test('batches() gives private copies, and makes the job wait for its reader', async () => {
  const sink = batches();
  await sink.open(fields);
  let written = 0;
  const job = (async () => {
    for (let n = 0; n < 10; n++) {
      const batch = result(n, n + 100);
      await sink.write(batch);
      heap.u8.fill(0, batch.descriptor, batch.descriptor + 256);
      written++;
    }
    await sink.close();
  })();
  await sleep(20);
  expect(written).toBe(2);
  const read: unknown[] = [];
  for await (const batch of sink) {
    await sleep(1);
    expect(written).toBeLessThanOrEqual(read.length + 4);
    read.push(...batch.toArray().map(row => row.toJSON()));
  }
  await job;
  expect(read).toEqual(Array.from({ length: 10 }, (_, n) => [{ n, s: String(n) }, { n: n + 100, s: String(n + 100) }]).flat());
});

test('leaving the loop of batches() cancels the job', async () => {
  const sink = batches();
  await sink.open(fields);
  const job = (async () => {
    for (let n = 0; ; n++) await sink.write(result(n));
  })();
  const failed = expect(job).rejects.toThrow(/CANCELLED: the loop over batches\(\) was left/);
  for await (const batch of sink) if (batch.get(0)!['n'] === 3) break;
  await failed;
});

test('a failed job ends the loop of batches(), even one that waits, and a write that waits', async () => {
  const sink = batches();
  const loop = (async () => {
    for await (const _ of sink);
  })();
  const failed = expect(loop).rejects.toThrow(/CANCELLED: the job failed/);
  await sink.open(fields);
  await sink.write(result(1));
  await sleep(5);
  await sink.abort();
  await failed;

  const full = batches();
  await full.open(fields);
  await full.write(result(1));
  await full.write(result(2));
  const stuck = expect(full.write(result(3))).rejects.toThrow(/CANCELLED/);
  await full.abort();
  await stuck;
});

test('heapTable gives its batches as they lie', async () => {
  const descriptors = [result(1).descriptor, result(2, 3).descriptor];
  expect(await drain(heapTable({ fields, descriptors }), fields)).toEqual(descriptors.map(descriptor => ({ kind: 'heap', descriptor, fields })));
});
