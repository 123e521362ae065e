import { MillraceError } from '../errors.js';
import type { Field, Fields } from '../plan/types.js';
import { PostgresRows, type RowPlan } from './postgres-rows.js';
import { createStatement, deleteStatement, deleteTargets, quoted, upsertStatement, type Layout, type Target } from './postgres-statements.js';
import { assignmentsOf, checkTable, keyOf, type Assignment, type Query } from './postgres-table.js';
import type { ResultBatch, Sink } from './sink.js';

/** What the sink needs of a client: `Client` and `Pool` of the package pg have it, and `PGlite`. It is yours to open and to close. */
export interface PostgresClient {
  query(text: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** Options of `postgres`. */
export interface PostgresOptions {
  readonly client: PostgresClient;
  /** The name of the table, as it is: it is quoted. */
  readonly table: string;
  /** Its schema. Default: found by the search path. */
  readonly schema?: string;
  /** The result columns that tell rows apart. The table needs a primary key or a unique index on just these. */
  readonly key: readonly string[];
  /** 'upsert', the default: a row replaces the one with its key if its version is greater. */
  readonly mode?: 'upsert';
  /** Result column → column of the table; those that are not named are not written. Default: all, under their own names. */
  readonly columns?: Readonly<Record<string, string>>;
  /**
   * Of results that can be taken back (they have a column `deleted`). 'tombstone', the default: the row stays, with `deleted` true.
   * 'remove': it is deleted; then a write of an older version that arrives after that brings it back.
   */
  readonly deletes?: 'tombstone' | 'remove';
  /** Creates the table if it is not there. Default false. */
  readonly createTable?: boolean;
  /** The most rows of a statement. Default 5,000. */
  readonly batchRows?: number;
  /** A statement gets no more rows once its parameters have so many bytes. Default 4 MiB. */
  readonly batchBytes?: number;
}

const DEFAULTS = { batchRows: 5000, batchBytes: 4 * 2 ** 20 };

interface Opened {
  readonly rowPlan: RowPlan;
  readonly upsert: { readonly text: string; readonly targets: readonly { target: Target; index: number }[] };
  readonly remove: { readonly text: string; readonly targets: readonly { target: Target; index: number }[] } | null;
}

class Postgres implements Sink {
  readonly accepts = 'updating';
  readonly name: string;
  readonly #options: PostgresOptions;
  readonly #limits: { rows: number; bytes: number };
  #opened: Opened | null = null;

  constructor(options: PostgresOptions) {
    checkOptions(options);
    this.#options = options;
    this.name = `postgres(${options.schema === undefined ? '' : `${options.schema}.`}${options.table})`;
    this.#limits = { rows: options.batchRows ?? DEFAULTS.batchRows, bytes: options.batchBytes ?? DEFAULTS.batchBytes };
  }

  async open(fields: Fields): Promise<void> {
    const { key: keyNames, schema, table: tableName, createTable, columns, deletes } = this.#options;
    const removes = deletes === 'remove' && fields.some(isDeleted);
    const assignments = assignmentsOf(this.name, fields, columns).filter(({ field }) => !(removes && isDeleted(field)));
    const key = keyOf(this.name, assignments, keyNames);
    const version = assignments.find(({ field }) => isVersion(field)) ?? null;
    this.#checkChangelog(fields, assignments, version);
    const table = (schema === undefined ? '' : `${quoted(schema)}.`) + quoted(tableName);
    const query: Query = (text, parameters) => this.#query('cannot look at the table', text, parameters);
    if (createTable === true) {
      const made = assignments.map(({ field, column }) => ({ field, column, type: '' }));
      await this.#query('cannot create the table', createStatement(table, made, key.map(({ column }) => column)), []);
    }
    const targets = await checkTable(query, this.name, table, assignments, key);
    const layout: Layout = { table, targets, key: key.map(({ column }) => column), version: version?.column ?? null };
    const indexed = (chosen: readonly Target[]) => chosen.map(target => ({ target, index: assignments.find(({ column }) => column === target.column)!.index }));
    this.#opened = {
      rowPlan: { key: key.map(({ index }) => index), version: version?.index ?? null, deleted: removes ? fields.findIndex(isDeleted) : null },
      upsert: { text: upsertStatement(layout), targets: indexed(targets) },
      remove: removes ? { text: deleteStatement(layout), targets: indexed(deleteTargets(layout)) } : null,
    };
  }

  /** Of revised results the columns that say which is the newest must be written, or the table could not tell. */
  #checkChangelog(fields: Fields, assignments: readonly Assignment[], version: Assignment | null): void {
    if (fields.some(isRetracted)) throw new MillraceError('BAD_OPTION', `${this.name}: these results are taken back by rows that are equal to them, which have no key: aggregate them first, or say mode: 'final' in the join`);
    if (fields.some(isVersion) && version === null) throw new MillraceError('BAD_OPTION', `${this.name}: columns must name 'version', which tells what is newer`);
    if (this.#options.deletes !== 'remove' && fields.some(isDeleted) && !assignments.some(({ field }) => isDeleted(field))) {
      throw new MillraceError('BAD_OPTION', `${this.name}: columns must name 'deleted', or say deletes: 'remove'`);
    }
  }

  async write(batch: ResultBatch): Promise<void> {
    const { rowPlan, upsert, remove } = this.#opened!;
    const rows = new PostgresRows(batch, rowPlan);
    const newest = rows.newest();
    const kept = remove === null ? newest : newest.filter(row => !rows.isDeleted(row));
    for (const part of rows.parts(kept, upsert.targets, this.#limits)) await this.#send(upsert.text, part);
    if (remove === null || kept.length === newest.length) return;
    for (const part of rows.parts(newest.filter(row => rows.isDeleted(row)), remove.targets, this.#limits)) await this.#send(remove.text, part);
  }

  /** The one place where results leave. Each statement may be sent again: what it writes is not older than itself. */
  async #send(text: string, { rows, parameters }: { rows: number; parameters: string[] }): Promise<void> {
    await this.#query(`cannot write ${rows.toLocaleString('en')} rows`, text, parameters);
  }

  async #query(what: string, text: string, parameters: unknown[]): Promise<Record<string, unknown>[]> {
    try {
      return (await this.#options.client.query(text, parameters)).rows as Record<string, unknown>[];
    } catch (error) {
      throw failure(`${this.name}: ${what}`, error);
    }
  }

  /** Everything was written by then: each row as it came. */
  close(): void {}
  /** What was written stays. It is right as far as it goes, and a job that runs again writes over it. */
  abort(): void {}
}

const isVersion = ({ name, type }: Field): boolean => name === 'version' && type.kind === 'int64';
const isDeleted = ({ name, type }: Field): boolean => name === 'deleted' && type.kind === 'bool';
const isRetracted = ({ name, type, nullable }: Field): boolean => name === 'retracted' && type.kind === 'bool' && !nullable;

/** The error of a client may hold the statement, its parameters and how to connect: only its code and its first line are told. */
function failure(what: string, error: unknown): MillraceError {
  const { message, code } = (typeof error === 'object' && error !== null ? error : { message: error }) as { message?: unknown; code?: unknown };
  const text = String(message ?? '').split('\n')[0]!.replaceAll(/\b(\w+:\/\/)[^\s@/]*@/g, '$1…@').replaceAll(/\b(password\s*[=:]\s*)\S+/gi, '$1…').slice(0, 300);
  const state = typeof code === 'string' ? ` (${code})` : '';
  return new MillraceError('SINK_FAILED', `${what}: ${text}${state}`, { cause: new Error(`${text}${state}`) });
}

function checkOptions({ client, table, schema, key, mode, deletes, batchRows, batchBytes }: PostgresOptions): void {
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `postgres: ${message}`);
  };
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== '' && !value.includes('\0');
  if (typeof client?.query !== 'function') wrong('client must be a Client or Pool of pg, a PGlite, or something else with query(text, parameters)');
  if (!isName(table)) wrong('table must be the name of a table');
  if (schema !== undefined && !isName(schema)) wrong('schema must be the name of a schema');
  if (!Array.isArray(key) || key.length === 0 || !key.every(isName)) wrong('key must name the columns that tell rows apart, such as [\'campaignId\', \'windowStart\']');
  if (mode !== undefined && mode !== 'upsert') wrong('mode must be \'upsert\'');
  if (deletes !== undefined && deletes !== 'tombstone' && deletes !== 'remove') wrong('deletes must be \'tombstone\' or \'remove\'');
  for (const [name, value] of Object.entries({ batchRows, batchBytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) wrong(`${name} must be a positive whole number`);
  }
}

/**
 * A table of PostgreSQL, as a sink: rows are upserted by key, and of revised results the newest version wins, so that a write that is
 * repeated or comes late changes nothing.
 *
 *     import pg from 'pg';
 *     const client = new pg.Pool();
 *     await pipeline.to(postgres({ client, table: 'minutes', key: ['campaignId', 'windowStart'] })).run();
 */
export function postgres(options: PostgresOptions): Sink & { readonly accepts: 'updating' } {
  return new Postgres(options);
}
