import type { Fields } from '../plan/types.js';
import { columnTexts } from './column-text.js';
import type { ResultBatch } from './sink.js';

/** What makes quotes necessary. The empty text needs them too, or it would be null. */
const unsafeWith = (delimiter: string): RegExp => new RegExp(`^$|["\\n\\r]|\\${delimiter}`);
const quote = (text: string, unsafe: RegExp): string => (unsafe.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The record with the names of the columns, without the end of the line. */
export function csvHeader(fields: Fields, delimiter: string): string {
  const unsafe = unsafeWith(delimiter);
  return fields.map(field => quote(field.name, unsafe)).join(delimiter);
}

/** The rows of a batch as records, without the end of the line. Valid as long as the batch is. */
export function csvLines(batch: ResultBatch, delimiter: string): (row: number) => string {
  const unsafe = unsafeWith(delimiter);
  const columns = columnTexts(batch).map(column => (column.quoted ? { ...column, text: (row: number) => quote(column.text(row), unsafe) } : column));
  return row => {
    let line = '';
    for (let column = 0; column < columns.length; column++) {
      const { isNull, text } = columns[column]!;
      if (column > 0) line += delimiter;
      if (!isNull(row)) line += text(row);
    }
    return line;
  };
}
