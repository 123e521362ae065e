import { NO_COLUMN, TextError } from '../../native-free-kernels/text-layout.js';
import type { DataType, Fields } from '../plan/types.js';

/** What a dead letter says about a line: its code (see DEAD_LETTER_FIELDS) and a sentence for people. */
export interface TextComplaint {
  readonly code: 'BAD_ROW' | 'BAD_TIME' | 'NULL_IN_NON_NULL';
  readonly reason: string;
}

const SENTENCES: Record<number, string> = {
  [TextError.notObject]: 'the line is not a JSON object',
  [TextError.expectedKey]: 'a member name in double quotes is expected',
  [TextError.expectedColon]: 'a colon is expected after the member name',
  [TextError.expectedComma]: 'a comma or the end of the object or array is expected',
  [TextError.expectedValue]: 'a JSON value is expected',
  [TextError.trailing]: 'something follows the end of the object',
  [TextError.openString]: 'the line ends inside a string',
  [TextError.controlCharacter]: 'a control character stands in a string without an escape',
  [TextError.badEscape]: 'a string has an escape that JSON does not know',
  [TextError.loneSurrogate]: 'a string has half of a surrogate pair, which is no text',
  [TextError.badUtf8]: 'the bytes are not UTF-8',
  [TextError.badNumber]: 'malformed number',
  [TextError.tooDeep]: 'objects and arrays are nested more than 1,024 deep',
  [TextError.nullColumn]: 'the value is missing or null, and the column is not nullable',
  [TextError.outOfRange]: 'the number does not fit the type',
  [TextError.notExact]: 'the number has more digits after the point than the type holds',
  [TextError.badTime]: 'not an ISO 8601 time',
  [TextError.badDate]: 'not a date YYYY-MM-DD',
  [TextError.badBase64]: 'not base64',
  [TextError.fieldCount]: 'the record has too few or too many fields',
  [TextError.afterQuote]: 'text follows the closing quote of a field',
  [TextError.openQuote]: 'a quoted field is never closed',
  [TextError.badBool]: 'neither true nor false',
};

const EXPECTED: Partial<Record<DataType['kind'], string>> = {
  bool: 'true or false', utf8: 'a string', dictionary: 'a string', binary: 'a base64 string', date: 'a string YYYY-MM-DD',
  timestamp: 'an ISO 8601 string or an integer', decimal: 'a number or a numeric string',
};

/** What kind of JSON value begins with this byte. */
function valueKind(byte: number): string {
  switch (byte) {
    case 0x22: return 'a string';
    case 0x7b: return 'an object';
    case 0x5b: return 'an array';
    case 0x74: case 0x66: return 'a boolean';
    default: return 'a number';
  }
}

const typeName = (type: DataType): string =>
  type.kind === 'decimal' ? `decimal(${type.precision}, ${type.scale})` : type.kind === 'timestamp' ? `timestamp ${type.unit}` : type.kind;

/** `byte`: the one at which reading stopped, `offset` bytes from the start of the line. */
export function textComplaint(fields: Fields, error: number, column: number, byte: number, offset: number): TextComplaint {
  const field = column === NO_COLUMN ? undefined : fields[column];
  const where = field === undefined ? `at byte ${offset}: ` : `column "${field.name}" (${typeName(field.type)}): `;
  if (error === TextError.wrongType && field !== undefined) {
    return { code: 'BAD_ROW', reason: `${where}found ${valueKind(byte)}, expected ${EXPECTED[field.type.kind] ?? 'a number'}` };
  }
  const code = error === TextError.badTime || error === TextError.badDate ? 'BAD_TIME' : error === TextError.nullColumn ? 'NULL_IN_NON_NULL' : 'BAD_ROW';
  return { code, reason: where + (SENTENCES[error] ?? 'malformed') };
}
