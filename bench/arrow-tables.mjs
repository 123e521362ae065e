import { Dictionary, Field, Int16, Int64, Int8, RecordBatch, Schema, Struct, Table, TimestampMillisecond, Utf8, makeData, vectorFromArray } from 'apache-arrow';

/** Arrow tables over typed arrays as they lie, wherever that is: nothing is copied. */
const BATCH_ROWS = 65_536;

/** `columns`: name → { values, type: 'int64' | 'timestamp' } or { values: codes, dictionary: its texts }. */
export function arrowTable(columns) {
  const entries = Object.entries(columns).map(([name, column]) => ({ name, ...column, ...arrowColumn(column) }));
  const schema = new Schema(entries.map(({ name, type }) => new Field(name, type, false)));
  const rows = entries[0].values.length;
  const batches = [];
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const length = Math.min(BATCH_ROWS, rows - from);
    const children = entries.map(({ type, values, vector }) => makeData({ type, length, nullCount: 0, data: values.subarray(from, from + length), ...(vector && { dictionary: vector }) }));
    batches.push(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children })));
  }
  return new Table(schema, batches);
}

function arrowColumn({ type, values, dictionary }) {
  if (!dictionary) return { type: type === 'timestamp' ? new TimestampMillisecond() : new Int64() };
  const index = values instanceof Int8Array ? new Int8() : new Int16();
  const texts = vectorFromArray(dictionary, new Utf8());
  return { type: new Dictionary(new Utf8(), index), vector: texts };
}
