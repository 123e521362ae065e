import { MillraceError } from '../errors.js';
import type { Assignment } from './assignments.js';
import { COLUMNS_QUERY, UNIQUE_QUERY, type Target } from './postgres-statements.js';
import { holds, postgresType, wanted, type TableColumn } from './postgres-types.js';

/** A query of the sink: its errors name the sink and are coded. */
export type Query = (text: string, parameters: unknown[]) => Promise<Record<string, unknown>[]>;

const refused = (name: string, message: string): MillraceError => new MillraceError('BAD_OPTION', `${name}: ${message}`);
const list = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ');

/** Compares the table that is there with what will be written. */
export async function checkTable(query: Query, name: string, table: string, assignments: readonly Assignment[], key: readonly Assignment[]): Promise<Target[]> {
  const found = await query(COLUMNS_QUERY, [table]);
  if (found.length === 0) throw refused(name, `there is no table ${table}; create it, or say createTable: true`);
  const columns = new Map(found.map(row => [String(row['name']), { name: String(row['name']), type: String(row['type']), fullType: String(row['full_type']) } satisfies TableColumn]));
  const missing = assignments.filter(({ column }) => !columns.has(column)).map(({ column, field }) => `${column} ${postgresType(field.type)}`);
  if (missing.length > 0) throw refused(name, `the table lacks ${missing.join(', ')}; it has ${list([...columns.keys()])}`);
  const wrong = assignments.filter(({ field, column }) => !holds(columns.get(column)!, field.type))
    .map(({ field, column }) => `'${column}' is ${columns.get(column)!.fullType} and not ${wanted(field.type)}`);
  if (wrong.length > 0) throw refused(name, `a column of the table has another type: ${wrong.join('; ')}`);
  const written = new Set(assignments.map(({ column }) => column));
  const unfilled = found.filter(row => row['needed'] === true && !written.has(String(row['name']))).map(row => String(row['name']));
  if (unfilled.length > 0) throw refused(name, `the results have nothing for ${list(unfilled)}, which must not be null and has no default`);
  const generated = found.filter(row => row['generated'] === true && written.has(String(row['name']))).map(row => String(row['name']));
  if (generated.length > 0) throw refused(name, `the table computes ${list(generated)} by itself`);

  if (key.length > 0) await checkUnique(query, name, table, key);
  return assignments.map(({ field, column }) => ({ field, column, type: columns.get(column)!.type }));
}

async function checkUnique(query: Query, name: string, table: string, key: readonly Assignment[]): Promise<void> {
  const unique = (await query(UNIQUE_QUERY, [table])).map(row => String(row['columns']));
  const wantedKey = key.map(({ column }) => column);
  if (!unique.includes(wantedKey.toSorted().join('\n'))) {
    throw refused(name, `the table has no primary key or unique index on just (${wantedKey.join(', ')}); it has ${unique.length === 0 ? 'none' : unique.map(one => `(${one.replaceAll('\n', ', ')})`).join(', ')}`);
  }
}
