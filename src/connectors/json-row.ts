import { columnTexts, type ColumnText } from './column-text.js';
import type { ResultBatch } from './sink.js';

/** What JSON must escape, and halves of surrogate pairs. */
const UNSAFE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** How a column's values look in JSON. NaN and infinities, which JSON does not have, are null. */
export function jsonText(column: ColumnText): (row: number) => string {
  if (column.field.type.kind === 'float32' || column.field.type.kind === 'float64') {
    return row => {
      const text = column.text(row);
      return text === 'NaN' || text.endsWith('Infinity') ? 'null' : text;
    };
  }
  if (!column.quoted) return column.text;
  return row => {
    const text = column.text(row);
    return UNSAFE.test(text) ? JSON.stringify(text) : `"${text}"`;
  };
}

/** The rows of a batch as JSON objects, of the columns wanted. Valid as long as the batch is. */
export function jsonRows(batch: ResultBatch, texts: readonly ColumnText[] = columnTexts(batch)): (row: number) => string {
  const columns = texts.map((column, index) => ({
    prefix: `${index === 0 ? '{' : ','}${JSON.stringify(column.field.name)}:`, isNull: column.isNull, text: jsonText(column),
  }));
  return row => {
    let line = columns.length === 0 ? '{' : '';
    for (const { prefix, isNull, text } of columns) line += prefix + (isNull(row) ? 'null' : text(row));
    return `${line}}`;
  };
}
