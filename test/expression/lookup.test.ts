import { expect, test } from 'vitest';
import { StatelessStage } from '../../src/expression/stateless-stage.ts';
import type { Expression, StaticTable } from '../../src/plan/expression-tree.ts';
import type { Branch } from '../../src/plan/plan.ts';
import type { Fields } from '../../src/plan/types.ts';
import { testHeap } from '../support/heap.ts';
import { writeBatch } from '../support/batches.ts';
import { readVector } from '../support/vectors.ts';
import { loadTables } from './tables.ts';

const schema: Fields = [
  { name: 'type', type: { kind: 'dictionary', index: 'int8' }, nullable: false },
  { name: 'ad', type: { kind: 'dictionary', index: 'int32' }, nullable: false },
  { name: 'at', type: { kind: 'timestamp', unit: 'ms' }, nullable: false },
];
const column = (name: string): Expression => ({ op: 'column', name, type: schema.find(field => field.name === name)!.type, nullable: false });
const table: StaticTable = {
  key: { name: 'ad', type: { kind: 'utf8' }, nullable: false },
  columns: [{ name: 'campaign', type: { kind: 'utf8' }, nullable: false }],
  keys: ['a0', 'a1', 'a2', 'a3'], values: [['c0', 'c1', 'c0', 'c1']],
};
const branch: Branch = {
  source: { name: 'events', schema }, side: 0, from: { source: 0 }, eventTime: null,
  steps: [{ kind: 'filter', predicate: { op: 'eq', args: [column('type'), { op: 'literal', value: 'view', type: { kind: 'utf8' }, nullable: false }], type: { kind: 'bool' }, nullable: false } }],
};
const outputs: Expression[] = [{ op: 'lookup', arg: column('ad'), table: 0, column: 'campaign', type: { kind: 'utf8' }, nullable: true }, column('at')];

for (const kind of ['wasm', 'twins'] as const) {
  test(`the question of the Yahoo benchmark, ${kind}`, () => {
    const heap = testHeap();
    const rows = Array.from({ length: 20_000 }, (_, row) => ({ type: ['view', 'click', 'buy'][row % 3]!, ad: `a${row % 5}`, at: row }));
    const batch = writeBatch(heap, schema, rows);
    const stage = new StatelessStage({ branch, outputs, tables: loadTables(heap, heap[kind], [table]), heap: heap.heap, kernels: heap[kind], allocator: heap.allocator, udfs: () => { throw new Error('none'); } });
    for (const first of [0, 16_384]) {
      const count = Math.min(16_384, rows.length - first);
      const result = stage.runChunk(batch, first, count, heap.scratch);
      const wanted = rows.slice(first, first + count).filter(row => row.type === 'view');
      expect(result.rows).toBe(wanted.length);
      expect(result.filtered).toBe(count - wanted.length);
      expect(result.vectors[0]!.cls).toBe('code');
      expect(readVector(heap.heap, outputs[0]!.type, result.vectors[0]!, result.rows)).toEqual(wanted.map(row => (row.ad === 'a4' ? null : `c${Number(row.ad[1]) % 2}`)));
      expect(readVector(heap.heap, outputs[1]!.type, result.vectors[1]!, result.rows)).toEqual(wanted.map(row => row.at));
      expect([...heap.heap.u32.subarray(result.selection >>> 2, (result.selection >>> 2) + result.rows)]).toEqual(wanted.map(row => row.at));
    }
  });
}
