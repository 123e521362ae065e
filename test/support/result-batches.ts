import { ResultBatches } from '../../src/batch/result-batch.ts';
import { dictionariesFor, RowBuilder } from '../../src/batch/row-builder.ts';
import type { ResultBatch } from '../../src/connectors/sink.ts';
import { schema } from '../../src/plan/schema.ts';
import type { Fields, Row } from '../../src/plan/types.ts';
import { testHeap } from './heap.ts';

const { heap, allocator } = testHeap(2048);

/** Rows as a sink gets them. */
export function resultBatch(fields: Fields, rows: readonly Row[]): ResultBatch {
  const builder = new RowBuilder(fields, heap, allocator, dictionariesFor(fields, heap, allocator));
  for (const row of rows) builder.append(row);
  return new ResultBatches(heap, fields).of(builder.finish().descriptor);
}
export const fieldsOf = (columns: Parameters<typeof schema>[0]): Fields => schema(columns).fields;
