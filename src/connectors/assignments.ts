import { typeText } from '../batch/storage.js';
import { MillraceError } from '../errors.js';
import type { Field, Fields } from '../plan/types.js';

/** A result column and the name of the column that it goes to. */
export interface Assignment {
  readonly field: Field;
  readonly index: number;
  readonly column: string;
}

const refused = (name: string, message: string): MillraceError => new MillraceError('BAD_OPTION', `${name}: ${message}`);
const list = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ');

/** Which result columns are written, and where to. `columns`: field → column; absent: all, under their own names. */
export function assignmentsOf(name: string, fields: Fields, columns: Readonly<Record<string, string>> | undefined): Assignment[] {
  const names = columns === undefined ? fields.map(field => [field.name, field.name] as const) : Object.entries(columns);
  const seen = new Set<string>();
  return names.map(([fieldName, column]) => {
    const index = fields.findIndex(field => field.name === fieldName);
    if (index < 0) throw refused(name, `columns: the results have no column '${fieldName}'; they have ${list(fields.map(field => field.name))}`);
    if (typeof column !== 'string' || column === '' || column.includes('\0')) throw refused(name, `columns: '${fieldName}' needs the name of a column of the table`);
    if (seen.has(column)) throw refused(name, `columns: two result columns go to '${column}'`);
    seen.add(column);
    return { field: fields[index]!, index, column };
  });
}

/** The result columns of a key, as assignments. */
export function keyOf(name: string, assignments: readonly Assignment[], key: readonly string[]): Assignment[] {
  return key.map(keyName => {
    const assigned = assignments.find(({ field }) => field.name === keyName);
    if (assigned === undefined) throw refused(name, `key: there is no result column '${keyName}' among those that are written: ${list(assignments.map(({ field }) => field.name))}`);
    if (assigned.field.nullable) throw refused(name, `key: '${keyName}' may be null, and what is null has no place in a table's key: replace it with coalesce(…) before the aggregate`);
    if (assigned.field.type.kind.startsWith('float')) throw refused(name, `key: '${keyName}' is ${typeText(assigned.field.type)}: cast it, numbers that are compared must be exact`);
    return assigned;
  });
}
