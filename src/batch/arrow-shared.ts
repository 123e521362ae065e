import type { Data, RecordBatch } from 'apache-arrow';
import type { Field, Fields } from '../plan/types.js';
import { arrow, arrowSchema } from './arrow.js';
import { DictionaryImport } from './arrow-codes.js';
import { Validity } from './arrow-column.js';
import type { ArrowReader } from './arrow-reader.js';
import type { SharedBatch, SharedColumn, SharedSlice } from './shared-batch.js';
import { fixedBytes, storageOf } from './storage.js';

/**
 * Describes a batch for workers to copy, if they can: every buffer lies on a SharedArrayBuffer, every column has the storage of its
 * field (32-bit offsets, the dictionary's index width) and no null where none is allowed. Else null: `reader.read` copies it here.
 * The caller must not change the buffers before the job is done with them.
 */
export function arrowSharedBuffers(batch: RecordBatch, fields: Fields, reader: ArrowReader): SharedBatch | null {
  const plan = reader.plan(batch.schema);
  const types = arrowSchema(fields).fields.map(field => field.type);
  const buffers: SharedArrayBuffer[] = [];
  const columns: SharedColumn[] = [];
  for (const [index, field] of fields.entries()) {
    const step = plan[index];
    const data = step ? batch.data.children[step.place] : undefined;
    if (!step || !data || !isSameStorage(data, types[index]!, field, batch.numRows)) return null;
    const column = describe(data, field, batch.numRows, buffers);
    if (column === null) return null;
    columns.push(step.convert instanceof DictionaryImport ? withDictionary(column, data, step.convert) : column);
    if (columns[index]!.dictionary?.remap?.includes(-1)) return null;
  }
  return { rows: batch.numRows, buffers, columns };
}

function isSameStorage(data: Data, type: arrow.DataType, field: Field, rows: number): boolean {
  const storage = storageOf(field.type);
  if (!field.nullable && new Validity(data).bits !== null) return false;
  if (field.type.kind === 'decimal') return false;
  if (arrow.DataType.isDictionary(data.type)) {
    const { bitWidth } = data.type.indices;
    // Codes are read as signed.
    const fits = data.dictionary !== undefined && data.dictionary.length <= 2 ** (bitWidth - 1);
    return fits && field.type.kind === 'dictionary' && bitWidth === fixedBytes(storage, 1) * 8 && data.values.byteLength >= fixedBytes(storage, rows);
  }
  if (storage === 'bytes') return data.typeId === type.typeId && data.valueOffsets.length > rows;
  const same = data.typeId === type.typeId && String(data.type).replace(/, [^>]*>/, '>') === String(type).replace(/, [^>]*>/, '>');
  return same && (storage === 'bits' || data.values.byteLength >= fixedBytes(storage, rows));
}

function describe(data: Data, field: Field, rows: number, buffers: SharedArrayBuffer[]): SharedColumn | null {
  const slice = (view: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): SharedSlice | null => {
    if (!(view.buffer instanceof SharedArrayBuffer)) return null;
    let buffer = buffers.indexOf(view.buffer);
    if (buffer < 0) buffer = buffers.push(view.buffer) - 1;
    return { buffer, byteOffset: view.byteOffset, byteLength: view.byteLength };
  };
  const { bits, first } = new Validity(data);
  const values = slice(data.values);
  const validity = bits === null ? null : slice(bits);
  const isBytes = storageOf(field.type) === 'bytes';
  const offsets = isBytes ? slice(data.valueOffsets.subarray(0, rows + 1)) : null;
  if (values === null || (bits !== null && validity === null) || (isBytes && offsets === null)) return null;
  return { values, firstBit: field.type.kind === 'bool' ? data.offset : 0, validity, firstValidityBit: first, offsets, dictionary: null };
}

function withDictionary(column: SharedColumn, data: Data, dictionary: DictionaryImport): SharedColumn {
  const { codes, identity } = dictionary.remap(data.dictionary!);
  return { ...column, dictionary: { block: dictionary.block(), codes: codes.length, remap: identity ? null : codes } };
}
