import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StatelessStage } from '../../src/expression/stateless-stage.ts';
import { CHUNK_ROWS } from '../../src/batch/layout.ts';
import { testHeap } from '../support/heap.ts';
import { writeBatch } from '../support/batches.ts';
import { readVector } from '../support/vectors.ts';
import { drawCase, udfs, type Drawn } from './draw.ts';
import { outcome } from './naive.ts';
import { loadTables } from './tables.ts';

/** Runs a case through the stage, with one kind of kernels, in two batches that share their dictionaries. */
function run({ branch, outputs, tables, rows }: Drawn, kind: 'wasm' | 'twins') {
  const test = testHeap(rows.length > 1000 ? 8192 : 160);
  const stage = new StatelessStage({ branch, outputs, tables: loadTables(test, test[kind], tables), heap: test.heap, kernels: test[kind], allocator: test.allocator, udfs: (_, name) => udfs[name]! });
  const dictionaries = new Map();
  const half = rows.length >>> 1;
  return [rows.slice(0, half), rows.slice(half)].flatMap((part, batch) => {
    const descriptor = writeBatch(test, branch.source.schema, part, dictionaries);
    const results: unknown[] = Array.from({ length: part.length }, () => 'filtered');
    for (let first = 0; first < part.length; first += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, part.length - first);
      const result = stage.runChunk(descriptor, first, count, test.scratch);
      expect(result.rows + result.filtered + result.faults.length).toBe(count);
      const columns = outputs.map((output, i) => readVector(test.heap, output.type, result.vectors[i]!, result.rows));
      for (let i = 0; i < result.rows; i++) {
        const row = result.selection === 0 ? first + i : test.heap.u32[(result.selection >>> 2) + i]!;
        results[row] = columns.map(column => column[i]);
      }
      for (const { row, code, detail } of result.faults) results[row] = detail === undefined ? code : `${code} ${detail}`;
    }
    return results.map((result, row) => ({ batch, row, result }));
  });
}
function expected({ branch, outputs, tables, rows }: Drawn) {
  const half = rows.length >>> 1;
  return rows.map((row, at) => {
    const told = outcome(branch, outputs, row, { tables, udfs });
    const result = told.kind === 'row' ? told.outputs : told.kind === 'filtered' ? 'filtered' : told.detail === undefined ? told.code : `${told.code} ${told.detail}`;
    return { batch: at < half ? 0 : 1, row: at < half ? at : at - half, result };
  });
}

test('the stage is the naive evaluator', () => {
  fc.assert(fc.property(fc.gen(), g => {
    const drawn = drawCase(g);
    const right = expected(drawn);
    try {
      expect(run(drawn, 'wasm')).toEqual(right);
      expect(run(drawn, 'twins')).toEqual(right);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${JSON.stringify({ steps: drawn.branch.steps, outputs: drawn.outputs, schema: drawn.branch.source.schema })}`, { cause: error });
    }
  }), { numRuns: Number(process.env['RUNS'] ?? 300), endOnFailure: process.env['SHRINK'] === undefined });
});

test('over several chunks', () => {
  fc.assert(fc.property(fc.gen(), g => {
    const drawn = drawCase(g);
    if (drawn.rows.length === 0) return;
    const few = expected({ ...drawn, rows: [...drawn.rows, ...drawn.rows] }).slice(0, drawn.rows.length).map(({ result }) => result);
    // both batches begin with the first row, and their chunks do not
    const half = Math.ceil((CHUNK_ROWS + 100) / drawn.rows.length) * drawn.rows.length;
    const rows = Array.from({ length: half * 2 }, (_, row) => drawn.rows[row % drawn.rows.length]!);
    const results = run({ ...drawn, rows }, 'wasm').map(({ result }) => result);
    const wrong = results.findIndex((result, row) => !Object.is(result, few[row % few.length]) && JSON.stringify(result, plain) !== JSON.stringify(few[row % few.length], plain));
    expect(wrong).toBe(-1);
  }), { numRuns: 6, endOnFailure: true });
});
const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);
