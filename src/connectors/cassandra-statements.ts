import type { Field } from '../plan/types.js';
import { cassandraType } from './cassandra-types.js';

/** The CQL of the sink. Every value goes as a parameter, and every name is quoted. */

/** A result column and the column of the table that it goes to. */
export interface Column {
  readonly field: Field;
  readonly index: number;
  readonly column: string;
  /** The type of the table's column. */
  readonly type: string;
}
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const names = (columns: readonly { readonly column: string }[]): string => columns.map(({ column }) => quoted(column)).join(', ');
const marks = (count: number): string => Array.from({ length: count }, () => '?').join(', ');
const equal = (columns: readonly { readonly column: string }[]): string => columns.map(({ column }) => `${quoted(column)} = ?`).join(' AND ');

/**
 * Writes a row as of its version: what a cell has of a greater one stays, so a statement that is sent again, or late, changes nothing. Takes the
 * values, then the version.
 */
export const upsertStatement = (table: string, columns: readonly Column[]): string => `INSERT INTO ${table} (${names(columns)}) VALUES (${marks(columns.length)}) USING TIMESTAMP ?`;

/** Takes a row out as of a version: a late write of an older one does not bring it back, while the server keeps the mark. Takes the version, then the key. */
export const deleteStatement = (table: string, key: readonly Column[]): string => `DELETE FROM ${table} USING TIMESTAMP ? WHERE ${equal(key)}`;

export function createStatement(table: string, columns: readonly { readonly column: string; readonly type: string; readonly isStatic?: boolean }[], partition: readonly string[], clustering: readonly string[]): string {
  const declared = columns.map(({ column, type, isStatic }) => `${quoted(column)} ${type}${isStatic === true ? ' STATIC' : ''}`);
  const key = [`(${partition.map(quoted).join(', ')})`, ...clustering.map(quoted)].join(', ');
  return `CREATE TABLE IF NOT EXISTS ${table} (${declared.join(', ')}, PRIMARY KEY (${key}))`;
}
export const typeOf = ({ type }: Field): string => cassandraType(type);

/** Names of what increments keep besides keys and values. */
export const EPOCH = 'epoch', VERSION = 'version', REVISION = 'revision';
export const totalOf = (column: string): string => `total_${column}`;

/** Statements over one partition of a table with totals, see cassandra-increment.ts. */
export function incrementStatements(table: string, partition: readonly Column[], rest: readonly Column[], sums: readonly Column[]): { totals: string; entry: string; setTotals: string; setEntry: string } {
  const totals = sums.map(({ column }) => ({ column: totalOf(column) }));
  const key = [...partition, { column: EPOCH }, ...rest];
  return {
    totals: `SELECT ${names([{ column: REVISION }, ...totals])} FROM ${table} WHERE ${equal(partition)} LIMIT 1`,
    entry: `SELECT ${names([{ column: VERSION }, ...sums])} FROM ${table} WHERE ${equal(key)}`,
    setTotals: `UPDATE ${table} SET ${[{ column: REVISION }, ...totals].map(({ column }) => `${quoted(column)} = ?`).join(', ')} WHERE ${equal(partition)} IF ${quoted(REVISION)} = ?`,
    setEntry: `INSERT INTO ${table} (${names([...key, { column: VERSION }, ...sums])}) VALUES (${marks(key.length + 1 + sums.length)})`,
  };
}
