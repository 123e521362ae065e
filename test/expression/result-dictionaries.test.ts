import { expect, test } from 'vitest';
import { StatelessStage } from '../../src/expression/stateless-stage.ts';
import type { Expression, StaticTable } from '../../src/plan/expression-tree.ts';
import type { DataType, Fields, Row } from '../../src/plan/types.ts';
import { testHeap, type TestHeap } from '../support/heap.ts';
import { writeBatch, type TestDictionary } from '../support/batches.ts';
import { readVector } from '../support/vectors.ts';
import { loadTables } from './tables.ts';

const UTF8: DataType = { kind: 'utf8' };
const tables: StaticTable[] = [{
  key: { name: 'ad', type: UTF8, nullable: false }, columns: [{ name: 'campaign', type: UTF8, nullable: true }],
  keys: ['a', 'b', 'c', 'd'], values: [['x', 'y', 'x', null]],
}];
const lookup = (arg: Expression): Expression => ({ op: 'lookup', arg, table: 0, column: 'campaign', type: UTF8, nullable: true });

function stageOf(heap: TestHeap, type: DataType, output: (column: Expression) => Expression): { stage: StatelessStage; schema: Fields; outputs: Expression[] } {
  const schema: Fields = [{ name: 'ad', type, nullable: true }];
  const outputs = [output({ op: 'column', name: 'ad', type, nullable: true })];
  const branch = { source: { name: 'events', schema }, side: 0, from: { source: 0 }, eventTime: null, steps: [] };
  const stage = new StatelessStage({ branch, outputs, tables: loadTables(heap, heap.wasm, tables), heap: heap.heap, kernels: heap.wasm, allocator: heap.allocator, udfs: () => { throw new Error('none'); } });
  return { stage, schema, outputs };
}

test('a lookup gives a value the same code whatever the column it is asked with', () => {
  const heap = testHeap();
  const codes = (type: DataType, ads: (string | null)[]): Record<string, number> => {
    const { stage, schema } = stageOf(heap, type, lookup);
    const result = stage.runChunk(writeBatch(heap, schema, ads.map(ad => ({ ad }))), 0, ads.length, heap.scratch);
    const [vector] = result.vectors;
    expect(vector!.cls).toBe('code');
    const texts = readVector(heap.heap, UTF8, vector!, ads.length);
    return Object.fromEntries(texts.flatMap((text, row) => (text === null ? [] : [[text, heap.heap.i32[(vector!.data >>> 2) + row]!]])));
  };
  const wanted = { x: 0, y: 1 };
  expect(codes(UTF8, ['b', 'a', null, 'z'])).toEqual(wanted);
  expect(codes({ kind: 'dictionary', index: 'int8' }, ['b', 'c', 'a'])).toEqual(wanted);
  expect(codes({ kind: 'dictionary', index: 'int32' }, ['d', null, 'z', 'c', 'b'])).toEqual(wanted);
  const { stage, schema } = stageOf(heap, UTF8, () => lookup({ op: 'literal', type: UTF8, value: null, nullable: true }));
  const none = stage.runChunk(writeBatch(heap, schema, [{ ad: 'a' }]), 0, 1, heap.scratch).vectors[0]!;
  expect([none.cls, none.dictionary === 0, readVector(heap.heap, UTF8, none, 1)]).toEqual(['code', false, [null]]);
});

test('blocks of a growing dictionary of results stay readable', () => {
  const heap = testHeap();
  const { stage, schema, outputs } = stageOf(heap, { kind: 'dictionary', index: 'int32' }, column => ({ op: 'upper', type: UTF8, args: [column], nullable: true }));
  const dictionaries = new Map<string, TestDictionary>();
  const results = Array.from({ length: 20 }, (_, batch) => {
    const rows: Row[] = Array.from({ length: 50 }, (_, row) => ({ ad: row % 9 === 0 ? null : `text ${batch * 25 + row}` }));
    const vector = stage.runChunk(writeBatch(heap, schema, rows, dictionaries), 0, rows.length, heap.scratch).vectors[0]!;
    return { vector, rows };
  });
  expect(new Set(results.map(({ vector }) => vector.dictionary)).size).toBeGreaterThan(1);
  expect(new Set(results.map(({ vector }) => heap.heap.u32[(vector.dictionary >>> 2) + 3])).size).toBe(1);
  for (const { vector, rows } of results) {
    expect(readVector(heap.heap, outputs[0]!.type, vector, rows.length)).toEqual(rows.map(({ ad }) => (ad === null ? null : (ad as string).toUpperCase())));
  }
});
