import { createEngine } from 'millrace';

/** The engine as every benchmark uses it: warm threads, one heap. What is measured is a job from its start to its last result. */
const BATCH_ROWS = 65_536;

export const openEngine = workers => createEngine({ workers, heap: '4GiB' });

/**
 * A source whose columns are built in the engine's heap, as a user would who fills batches himself. `columns`: name → typed array, or
 * { bytes, bytesPerRow } for texts of equal length; `dictionaries`: name → texts, for columns of codes.
 */
export function heapTable(engine, schema, columns, dictionaries = {}) {
  const rows = Math.max(...Object.values(columns).map(column => column.length ?? 0));
  const table = engine.table(schema, { dictionaries });
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const count = Math.min(BATCH_ROWS, rows - from);
    const parts = Object.entries(columns).map(([name, column]) => [name, part(column, from, from + count)]);
    table.append(count, Object.fromEntries(parts));
  }
  return table.source();
}

function part(column, from, to) {
  if (column.bytes === undefined) return column.subarray(from, to);
  const offsets = Int32Array.from({ length: to - from + 1 }, (_, row) => row * column.bytesPerRow);
  return { offsets, bytes: column.bytes.subarray(from * column.bytesPerRow, to * column.bytesPerRow) };
}
