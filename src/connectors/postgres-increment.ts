import type { Field } from '../plan/types.js';
import { quoted, rowsOf, type Target } from './postgres-statements.js';

/**
 * Running totals to which each result is added once. What was added is remembered in a second table, the ledger: for each (epoch, key) the newest
 * version and its values. One statement, and so one transaction, replaces what the ledger has by newer versions, and adds the differences to the
 * totals. A statement that is sent again finds its versions there and adds nothing; a revised result adds what it has more than the
 * last one, one that is taken back subtracts it.
 */

/** A column of the ledger: where its values come from, or that they are its own. */
export const LEDGER_EPOCH: Field = { name: 'epoch', type: { kind: 'utf8' }, nullable: false };
export const LEDGER_VERSION: Field = { name: 'version', type: { kind: 'int64' }, nullable: false };
export const beforeOf = (field: Field): Field => ({ ...field, name: `${field.name} before`, nullable: false });

export interface IncrementLayout {
  readonly table: string;
  readonly ledger: string;
  /** Columns of the ledger. */
  readonly key: readonly Target[];
  readonly sums: readonly Target[];
  /** Columns of the table with totals. */
  readonly by: readonly Target[];
  readonly totals: readonly Target[];
  /** Whether rows have a version; else all have one, a constant. */
  readonly versioned: boolean;
}

/** What the statement takes for each row, in its order. */
export const incrementTargets = ({ key, sums, versioned }: IncrementLayout): Target[] =>
  [...key, ...sums, ...(versioned ? [{ field: LEDGER_VERSION, column: 'version', type: 'bigint' }] : [])];

/**
 * Behind the arrays of `incrementTargets` it takes the epoch and, without versions in rows, the version of all. REQUIRES: no two rows of one key.
 * Of rows without a version the last counts: one life of a job gives out each result once.
 */
export function incrementStatement(layout: IncrementLayout): string {
  const { table, ledger, key, sums, by, totals, versioned } = layout;
  const given = incrementTargets(layout);
  const k = key.map((_, i) => `k${i}`), s = sums.map((_, i) => `s${i}`);
  const epoch = `$${given.length + 1}::text`, version = versioned ? 'v' : `$${given.length + 2}::bigint`;
  const before = sums.map(({ field }) => quoted(beforeOf(field).name)), own = sums.map(({ column }) => quoted(column));
  const keyColumns = [quoted(LEDGER_EPOCH.name), ...key.map(({ column }) => quoted(column))].join(', ');
  const set = own.map((column, i) => `${before[i]} = kept.${column}, ${column} = EXCLUDED.${column}`).join(', ');
  const byNames = by.map((_, i) => `b${i}`), deltas = sums.map((_, i) => `d${i}`);
  const returned = [...by.map(({ field }, i) => `${quoted(key.find(target => target.field.name === field.name)!.column)} AS b${i}`), ...own.map((column, i) => `${column}::numeric - ${before[i]} AS d${i}`)];
  const byColumns = by.map(({ column }) => quoted(column)), totalColumns = totals.map(({ column }) => quoted(column));
  return `WITH given AS (SELECT * FROM ${rowsOf(given)} AS given(${[...k, ...s, ...(versioned ? ['v'] : [])].join(', ')})), `
    + `applied AS (INSERT INTO ${ledger} AS kept (${keyColumns}, version, ${own.join(', ')}, ${before.join(', ')}) `
    + `SELECT ${epoch}, ${k.join(', ')}, ${version}, ${s.map(name => `coalesce(${name}, 0)`).join(', ')}, ${s.map(() => '0').join(', ')} FROM given `
    + `ON CONFLICT (${keyColumns}) DO UPDATE SET version = EXCLUDED.version, ${set} WHERE kept.version ${versioned ? '<' : '<='} EXCLUDED.version RETURNING ${returned.join(', ')}) `
    + `INSERT INTO ${table} AS kept (${[...byColumns, ...totalColumns].join(', ')}) `
    + `SELECT ${byNames.join(', ')}, ${deltas.map((name, i) => `sum(${name})::${totals[i]!.type}`).join(', ')} FROM applied GROUP BY ${byNames.join(', ')} ORDER BY ${byNames.join(', ')} `
    + `ON CONFLICT (${byColumns.join(', ')}) DO UPDATE SET ${totalColumns.map(column => `${column} = coalesce(kept.${column}, 0) + EXCLUDED.${column}`).join(', ')}`;
}
