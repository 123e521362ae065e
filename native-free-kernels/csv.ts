/** The TypeScript twin of the CSV kernel. */
import type { HeapViews } from './heap-views.js';
import { NO_COLUMN, StringRef, TextColumn, TextError, TextKind, TextState } from './text-layout.js';
import { base64Length, dateDays, numberAt, scaledInteger, TextFault, TextStaging, timeValue } from './text-twin.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface CsvField {
  readonly start: number;
  readonly raw: string;
  readonly quoted: boolean;
}

/** NaN and infinities have names; null for other texts. */
function namedFloat(text: string): number | null {
  const [, sign, name] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  if (name === undefined) return null;
  return name.toLowerCase() === 'nan' ? NaN : sign === '-' ? -Infinity : Infinity;
}

function wholeNumber(text: string): string | null {
  return numberAt(text, 0, true) === text ? text : null;
}

function integerOf(staging: TextStaging, column: number, kind: number, text: string, at: number): bigint {
  const refuse = (error: number): never => { throw new TextFault(error, at); };
  if (kind === TextKind.date) return BigInt(dateDays(text) ?? refuse(TextError.badDate));
  const digits = staging.column(column, TextColumn.digits);
  const number = wholeNumber(text);
  if (number === null) return kind === TextKind.timestamp ? timeValue(text, digits) ?? refuse(TextError.badTime) : refuse(TextError.badNumber);
  const value = scaledInteger(number, kind === TextKind.timestamp ? 0 : digits, ...staging.limits(column));
  return typeof value === 'bigint' ? value : refuse(value);
}

/** Puts a field into its column, or throws a TextFault. `at`: of the field in its record. */
function putField(staging: TextStaging, column: number, field: CsvField, at: number): void {
  const kind = staging.column(column, TextColumn.kind);
  if (field.raw === '' && !(field.quoted && (kind === TextKind.utf8 || kind === TextKind.binary))) return;
  staging.markValue(column);
  const text = field.raw.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');
  const indent = field.raw.length - field.raw.replace(/^[ \t]+/, '').length;
  if (kind === TextKind.utf8) {
    const doubled = field.quoted ? field.raw.split('""').length - 1 : 0;
    staging.putText(column, field.start, (field.raw.length - doubled) | (doubled > 0 ? StringRef.csvQuotes : 0));
  } else if (kind === TextKind.binary) {
    const bytes = base64Length(text);
    if (bytes < 0) throw new TextFault(TextError.badBase64, at);
    staging.putText(column, field.start + indent, bytes | StringRef.base64);
  } else if (kind === TextKind.bool) {
    if (!/^(?:true|false|t|f|1|0)$/i.test(text)) throw new TextFault(TextError.badBool, at);
    staging.putBool(column, /^[t1]/i.test(text));
  } else if (kind === TextKind.float32 || kind === TextKind.float64) {
    const number = wholeNumber(text);
    const value = number === null ? namedFloat(text) : Number(number);
    if (value === null) throw new TextFault(TextError.badNumber, at);
    staging.putFloat(column, value);
  } else {
    staging.putInteger(column, integerOf(staging, column, kind, text, at));
  }
}

/** The fields of the record at the start of `text`, how far it goes, and its first fault of form. */
function splitRecord(text: string, base: number, delimiter: string): { fields: CsvField[]; end: number; fault: TextFault | null } {
  const fields: CsvField[] = [];
  let fault: TextFault | null = null;
  let p = 0;
  while (true) {
    const quoted = text[p] === '"';
    let start = p;
    let stop: number;
    if (quoted) {
      start = ++p;
      while (p < text.length && (text[p] !== '"' || text[p + 1] === '"')) p += text[p] === '"' ? 2 : 1;
      if (p >= text.length) return { fields, end: text.length - 1, fault: fault ?? new TextFault(TextError.openQuote, start) };
      stop = p++;
    } else {
      stop = p;
    }
    const rest = p;
    while (text[p] !== delimiter && text[p] !== '\n') p++;
    const isReturn = text[p] === '\n' && p > rest && text[p - 1] === '\r';
    if (!quoted) stop = isReturn ? p - 1 : p;
    else if (p > rest && !(isReturn && p === rest + 1)) fault ??= new TextFault(TextError.afterQuote, rest);
    fields.push({ start: base + start, raw: text.slice(start, stop), quoted });
    if (text[p] === '\n') return { fields, end: p, fault };
    p++;
  }
}

/** Reads a record into the columns; the column at fault goes to `at.column`. */
function readRecord(staging: TextStaging, record: string, base: number, fields: readonly CsvField[], at: { column: number }): TextFault | null {
  const map = staging.get(TextState.fieldMap) >>> 2;
  try {
    utf8.decode(Buffer.from(record, 'latin1'));
  } catch {
    return new TextFault(TextError.badUtf8, 0);
  }
  try {
    fields.slice(0, staging.get(TextState.fieldCount)).forEach((field, index) => {
      at.column = staging.heap.i32[map + index]!;
      if (at.column >= 0) putField(staging, at.column, field, field.start - base);
    });
  } catch (error) {
    if (error instanceof TextFault) return error;
    throw error;
  }
  at.column = NO_COLUMN;
  return fields.length === staging.get(TextState.fieldCount) ? null : new TextFault(TextError.fieldCount, record.length);
}

export const decodeCsvTwin = (heap: HeapViews) => (state: number): void => {
  const staging = new TextStaging(heap, state);
  const end = staging.get(TextState.end);
  const delimiter = String.fromCharCode(staging.get(TextState.delimiter));
  const cursor = staging.get(TextState.cursor);
  const text = staging.line(cursor, end);
  let p = 0;
  while (p < text.length && staging.hasRoom()) {
    const blank = staging.get(TextState.fieldCount) === 1 ? 0 : /^\r?\n/.exec(text.slice(p, p + 2))?.[0].length ?? 0;
    p += blank;
    if (blank > 0) continue;
    staging.set(TextState.seen, 0);
    const { fields, end: recordEnd, fault } = splitRecord(text.slice(p), cursor + p, delimiter);
    const at = { column: NO_COLUMN as number };
    const record = text.slice(p, p + recordEnd);
    staging.finishLine(cursor + p, cursor + p + recordEnd, fault ?? readRecord(staging, record, cursor + p, fields, at), fault ? NO_COLUMN : at.column);
    p += recordEnd + 1;
  }
  staging.set(TextState.cursor, cursor + p);
};
