import type { Field } from '../plan/types.js';
import { postgresType } from './postgres-types.js';

/** The SQL of the sink. Everything that is not a name of ours goes as a parameter, and every name is quoted. */

/** A result column and the column of the table that it goes to. */
export interface Target {
  readonly field: Field;
  readonly column: string;
  /** The type of the table's column, without modifiers: a cast to one with them would round or cut silently. */
  readonly type: string;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What of a stream's columns decides about a row. */
export interface Layout {
  readonly table: string;
  readonly targets: readonly Target[];
  /** Columns of the table. */
  readonly key: readonly string[];
  readonly version: string | null;
}

/** Rows of parameters, an array for each column. */
export const rowsOf = (targets: readonly Target[]): string => `unnest(${targets.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ')})`;

/**
 * Puts rows in, one parameter per column: an array in text form. A row replaces the one with its key if its version is greater. That
 * makes it idempotent: a statement that is sent again, or late, changes nothing. REQUIRES: no two rows of one key.
 */
export function upsertStatement({ table, targets, key, version }: Layout): string {
  const columns = targets.map(({ column }) => quoted(column));
  const values = targets.filter(({ column }) => !key.includes(column)).map(({ column }) => `${quoted(column)} = EXCLUDED.${quoted(column)}`);
  const newer = version === null ? '' : ` WHERE kept.${quoted(version)} < EXCLUDED.${quoted(version)}`;
  return `INSERT INTO ${table} AS kept (${columns.join(', ')}) SELECT * FROM ${rowsOf(targets)} `
    + `ON CONFLICT (${key.map(quoted).join(', ')}) DO ${values.length === 0 ? 'NOTHING' : `UPDATE SET ${values.join(', ')}${newer}`}`;
}

/** Adds rows. One with a key that is there stays out; without a key a statement that is sent again adds its rows again. */
export function appendStatement({ table, targets, key }: Layout): string {
  const conflict = key.length === 0 ? '' : ` ON CONFLICT (${key.map(quoted).join(', ')}) DO NOTHING`;
  return `INSERT INTO ${table} (${targets.map(({ column }) => quoted(column)).join(', ')}) SELECT * FROM ${rowsOf(targets)}${conflict}`;
}

/** Takes rows out, unless a newer version is there. Its parameters: the key columns, then the version. */
export function deleteStatement({ table, targets, key, version }: Layout): string {
  const given = deleteTargets({ targets, key, version });
  const names = given.map((_, i) => `c${i}`);
  const same = given.map(({ column }, i) => `kept.${quoted(column)} ${column === version ? '<' : '='} gone.${names[i]}`);
  return `DELETE FROM ${table} AS kept USING ${rowsOf(given)} AS gone(${names.join(', ')}) WHERE ${same.join(' AND ')}`;
}
/** What `deleteStatement` takes, in its order. */
export const deleteTargets = ({ targets, key, version }: Pick<Layout, 'targets' | 'key' | 'version'>): Target[] =>
  targets.filter(({ column }) => key.includes(column) || column === version);

export function createStatement(table: string, targets: readonly { readonly field: Field; readonly column: string }[], key: readonly string[]): string {
  const columns = targets.map(({ field, column }) => `${quoted(column)} ${postgresType(field.type)}${field.nullable ? '' : ' NOT NULL'}`);
  return `CREATE TABLE IF NOT EXISTS ${table} (${[...columns, ...(key.length === 0 ? [] : [`PRIMARY KEY (${key.map(quoted).join(', ')})`])].join(', ')})`;
}

/** The columns of a table, in its order. $1: its name as it stands in statements. No rows: there is no such table. */
export const COLUMNS_QUERY = `
  SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, format_type(a.atttypid, a.atttypmod) AS full_type,
         a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS needed, a.attgenerated <> '' AS generated
  FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

/** The columns of each index that keeps rows apart: unique, at once, of whole rows. $1 as above. */
export const UNIQUE_QUERY = `
  SELECT string_agg(a.attname::text, chr(10) ORDER BY a.attname::text) AS columns
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
  WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND i.indnatts = i.indnkeyatts
  GROUP BY i.indexrelid`;
