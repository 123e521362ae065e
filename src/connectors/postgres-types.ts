import { typeText } from '../batch/storage.js';
import type { DataType } from '../plan/types.js';
import type { ColumnText } from './column-text.js';

/** What PostgreSQL calls our types, which of its columns hold every value of one, and how a value is written for it. */

/** A column of a table: its type without and with its modifiers, such as `numeric` and `numeric(9,2)`. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly fullType: string;
}

/** The type of a column that is made for a field. */
export function postgresType(type: DataType): string {
  switch (type.kind) {
    case 'bool': return 'boolean';
    case 'int8': case 'int16': case 'uint8': return 'smallint';
    case 'int32': case 'uint16': return 'integer';
    case 'int64': case 'uint32': return 'bigint';
    case 'uint64': return 'numeric(20,0)';
    case 'float32': return 'real';
    case 'float64': return 'double precision';
    case 'utf8': case 'dictionary': return 'text';
    case 'binary': return 'bytea';
    case 'date': return 'date';
    case 'timestamp': return `timestamp(${type.unit === 'ms' ? 3 : 6}) with time zone`;
    case 'decimal': return `numeric(${type.precision},${type.scale})`;
  }
}

const INTEGERS = ['smallint', 'integer', 'bigint'];
/** Digits of the largest value of each integer type. */
const DIGITS: Readonly<Record<string, number>> = { int8: 3, uint8: 3, int16: 5, uint16: 5, int32: 10, uint32: 10, int64: 19, uint64: 20 };

/** Whether a column holds every value of a type exactly. */
export function holds({ type: column, fullType }: TableColumn, type: DataType): boolean {
  const limits = /\((\d+)(?:,(-?\d+))?\)/.exec(fullType);
  const numeric = (digits: number, scale: number): boolean =>
    column === 'numeric' && (limits === null || (Number(limits[2] ?? 0) >= scale && Number(limits[1]) - Number(limits[2] ?? 0) >= digits - scale));
  switch (type.kind) {
    case 'bool': return column === 'boolean';
    case 'int8': case 'int16': case 'int32': case 'int64': case 'uint8': case 'uint16': case 'uint32': case 'uint64': {
      const own = INTEGERS.indexOf(postgresType(type));
      return (own >= 0 && INTEGERS.indexOf(column) >= own) || numeric(DIGITS[type.kind]!, 0);
    }
    case 'float32': return column === 'real' || column === 'double precision';
    case 'float64': return column === 'double precision';
    case 'utf8': case 'dictionary': return column === 'text' || column === 'character varying';
    case 'binary': return column === 'bytea';
    case 'date': return column === 'date';
    // Without a modifier both have six digits behind the second. The one without a zone gets the clock of UTC.
    case 'timestamp': return /^timestamp with(out)? time zone$/.test(column) && (limits === null || Number(limits[1]) >= (type.unit === 'ms' ? 3 : 6));
    case 'decimal': return numeric(type.precision, type.scale) || (type.scale === 0 && INTEGERS.indexOf(column) >= (type.precision > 9 ? 2 : type.precision > 4 ? 1 : 0) && INTEGERS.includes(column));
  }
}

/** What `holds` wants, in words. */
export const wanted = (type: DataType): string => `${postgresType(type)}, which holds every ${typeText(type)}`;

const YEAR = /^([+-])(\d+)/;
/** A year beyond 9999 has no sign for PostgreSQL, and one before 1 is called BC: year 0 is 1 BC. */
function yearForPostgres(text: string): string {
  const zero = text.startsWith('0000-');
  const [all, sign, digits] = YEAR.exec(text) ?? [zero ? '0000' : '', zero ? '-' : '', '0'];
  if (sign === '') return text;
  if (sign === '+') return Number(digits) + text.slice(all.length);
  return `${String(Number(digits) + 1).padStart(4, '0')}${text.slice(all.length)} BC`;
}

const SPECIAL = /["\\]/g;
/** One value as an element of PostgreSQL's text form of an array. REQUIRES: not null. */
export function elementReader({ field: { type }, text }: ColumnText): (row: number) => string {
  switch (type.kind) {
    case 'utf8': case 'dictionary': return row => `"${text(row).replace(SPECIAL, '\\$&')}"`;
    case 'binary': return row => `"\\\\x${Buffer.from(text(row), 'base64').toString('hex')}"`;
    case 'date': case 'timestamp': return row => `"${yearForPostgres(text(row))}"`;
    default: return text;
  }
}
