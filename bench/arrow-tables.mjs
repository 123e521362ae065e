import { Dictionary, Field, Int16, Int64, Int8, RecordBatch, Schema, Struct, Table, TimestampMillisecond, Utf8, makeData, vectorFromArray } from 'apache-arrow';

/** Arrow tables over typed arrays as they lie, wherever that is: nothing is copied. */
const BATCH_ROWS = 65_536;

/** `columns`: name → { values, type: 'int64' | 'timestamp' }, { values: codes, dictionary: its texts } or texts { bytes, offsets }. */
export function arrowTable(columns) {
  const entries = Object.entries(columns).map(([name, column]) => ({ name, ...column, ...arrowColumn(column) }));
  const schema = new Schema(entries.map(({ name, type }) => new Field(name, type, false)));
  const rows = entries.find(({ values }) => values).values.length;
  const batches = [];
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const length = Math.min(BATCH_ROWS, rows - from);
    const children = entries.map(entry => (entry.bytes ? textData(entry, from, length)
      : makeData({ type: entry.type, length, nullCount: 0, data: entry.values.subarray(from, from + length), ...(entry.vector && { dictionary: entry.vector }) })));
    batches.push(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children })));
  }
  return new Table(schema, batches);
}

/** Each batch has bytes of its own, with offsets from 0. */
function textData({ bytes, offsets }, from, length) {
  const valueOffsets = offsets.slice(from, from + length + 1);
  const first = valueOffsets[0];
  for (let i = 0; i <= length; i++) valueOffsets[i] -= first;
  return makeData({ type: new Utf8(), length, nullCount: 0, valueOffsets, data: bytes.subarray(first, first + valueOffsets[length]) });
}

function arrowColumn({ type, values, dictionary, bytes }) {
  if (bytes) return { type: new Utf8() };
  if (!dictionary) return { type: type === 'timestamp' ? new TimestampMillisecond() : new Int64() };
  const index = values instanceof Int8Array ? new Int8() : new Int16();
  const texts = vectorFromArray(dictionary, new Utf8());
  return { type: new Dictionary(new Utf8(), index), vector: texts };
}
