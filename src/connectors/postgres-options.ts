import { MillraceError } from '../errors.js';
import { deliveryLimits, type DeliveryLimits, type DeliveryOptions } from './delivery/options.js';

/** What the sink needs of a client: `Client` and `Pool` of the package pg have it, and `PGlite`. It is yours to open and to close. */
export interface PostgresClient {
  query(text: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
}

export type PostgresMode = 'upsert' | 'append' | 'increment';

/** Options of `postgres`. */
export interface PostgresOptions<Mode extends PostgresMode = PostgresMode> extends DeliveryOptions {
  readonly client: PostgresClient;
  /** The name of the table, as it is: it is quoted. */
  readonly table: string;
  /** Its schema. Default: found by the search path. */
  readonly schema?: string;
  /**
   * The result columns that tell rows apart. 'upsert' and 'append': the table needs a primary key or a unique index on just these. 'append' may go
   * without: then a write that is repeated can add rows twice.
   */
  readonly key?: readonly string[];
  /**
   * 'upsert', the default: a row replaces the one with its key if its version is greater. 'append': rows are added; where there is a key, one that is
   * there stays. 'increment': the table has running totals, to which each result is added once.
   */
  readonly mode?: Mode;
  /** 'increment': the columns of `key` that the totals are kept by, such as ['campaignId']. */
  readonly by?: readonly string[];
  /** 'increment': names the input. Results of another epoch with the same key count in addition. Default ''. */
  readonly epoch?: string;
  /** 'increment': the table that remembers what was added, in the same schema. Default: the name of the table and `_ledger`. */
  readonly ledger?: string;
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

/** Options in whole. */
export interface PostgresSettings {
  readonly client: PostgresClient;
  readonly name: string;
  readonly table: string;
  readonly schema: string | null;
  readonly mode: PostgresMode;
  readonly key: readonly string[];
  readonly by: readonly string[];
  readonly epoch: string;
  readonly ledger: string;
  readonly columns: Readonly<Record<string, string>> | undefined;
  readonly removes: boolean;
  readonly createTable: boolean;
  readonly limits: { readonly rows: number; readonly bytes: number };
  readonly delivery: DeliveryLimits;
}

/** Throws BAD_OPTION. */
export function postgresSettings(options: PostgresOptions): PostgresSettings {
  checkOptions(options);
  const { client, table, schema = null, mode = 'upsert', key = [], by = [], epoch = '', ledger = `${table}_ledger`, columns, deletes, createTable = false } = options;
  const name = `postgres(${schema === null ? '' : `${schema}.`}${table})`;
  return {
    client, name, table, schema, mode, key, by, epoch, ledger, columns, removes: deletes === 'remove', createTable,
    limits: { rows: options.batchRows ?? DEFAULTS.batchRows, bytes: options.batchBytes ?? DEFAULTS.batchBytes },
    delivery: deliveryLimits(name, options),
  };
}

function checkOptions({ client, table, schema, key, mode = 'upsert', by, epoch, ledger, deletes, batchRows, batchBytes }: PostgresOptions): void {
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `postgres: ${message}`);
  };
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== '' && !value.includes('\0');
  const areNames = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isName);
  if (typeof client?.query !== 'function') wrong('client must be a Client or Pool of pg, a PGlite, or something else with query(text, parameters)');
  if (!isName(table)) wrong('table must be the name of a table');
  if (schema !== undefined && !isName(schema)) wrong('schema must be the name of a schema');
  if (!['upsert', 'append', 'increment'].includes(mode)) wrong('mode must be \'upsert\', \'append\' or \'increment\'');
  if (!areNames(key) && !(mode === 'append' && key === undefined)) wrong('key must name the columns that tell rows apart, such as [\'campaignId\', \'windowStart\']');
  if (mode === 'increment') {
    if (!areNames(by) || !by!.every(column => key!.includes(column))) wrong('by must name the columns of key that totals are kept by, such as [\'campaignId\']');
    if (epoch !== undefined && (typeof epoch !== 'string' || epoch.includes('\0'))) wrong('epoch must be a text');
    if (ledger !== undefined && !isName(ledger)) wrong('ledger must be the name of a table');
  } else if (by !== undefined || epoch !== undefined || ledger !== undefined) wrong('by, epoch and ledger belong to mode: \'increment\'');
  if (deletes !== undefined && deletes !== 'tombstone' && deletes !== 'remove') wrong('deletes must be \'tombstone\' or \'remove\'');
  if (deletes !== undefined && mode !== 'upsert') wrong('deletes belongs to mode: \'upsert\'');
  for (const [name, value] of Object.entries({ batchRows, batchBytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) wrong(`${name} must be a positive whole number`);
  }
}
