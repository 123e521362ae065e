import { MillraceError } from '../errors.js';
import { deliveryLimits, type DeliveryLimits, type DeliveryOptions } from './delivery/options.js';

/** What the sink needs of a client: `Client` of the package cassandra-driver has it. It is yours to connect and to shut down. */
export interface CassandraClient {
  execute(query: string, parameters?: unknown[], options?: object): Promise<{ readonly rows: readonly object[] }>;
  batch(queries: { query: string; params: unknown[] }[], options?: object): Promise<{ readonly rows?: readonly object[] }>;
  /** The keyspace in use, for tables without one. */
  readonly keyspace?: string;
}

/** How many replicas must have answered. */
export const CONSISTENCIES = {
  any: 0, one: 1, two: 2, three: 3, quorum: 4, all: 5, localQuorum: 6, eachQuorum: 7, localOne: 10,
} as const;
export type CassandraConsistency = keyof typeof CONSISTENCIES;

export type CassandraMode = 'upsert' | 'append' | 'increment';

/** Options of `cassandra`. */
export interface CassandraOptions<Mode extends CassandraMode = CassandraMode> extends DeliveryOptions {
  readonly client: CassandraClient;
  /** The name of the table, as it is: it is quoted. */
  readonly table: string;
  /** Its keyspace. Default: that of the client. */
  readonly keyspace?: string;
  /** The result columns that tell rows apart, in the order of the primary key. */
  readonly key: readonly string[];
  /** The columns of `key` that make the partition. Default: those before the first of the window. Of a table that is there, its own holds. */
  readonly partition?: readonly string[];
  /**
   * 'upsert', the default: a row replaces the one with its key if its version is greater. 'append': the same for results that come once.
   * 'increment': the table has running totals, to which each result is added once.
   */
  readonly mode?: Mode;
  /** 'increment': names the input. Results of another epoch with the same key count in addition. Default ''. */
  readonly epoch?: string;
  /** Result column → column of the table; those that are not named are not written. Default: all, under their own names. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Of results that can be taken back. 'tombstone', the default: the row stays, with `deleted` true. 'remove': it is deleted, as of its version. */
  readonly deletes?: 'tombstone' | 'remove';
  /** Creates the table if it is not there. Default false. */
  readonly createTable?: boolean;
  /** How many replicas must have a write before it counts. Default 'localQuorum'. */
  readonly consistency?: CassandraConsistency;
  /** The most statements under way at once. Default 64. */
  readonly concurrency?: number;
  /** The most rows that are under way, are tried again and go to the local log together. Default 1,000. */
  readonly batchRows?: number;
  /** Rows of one partition go as one batch of at most so many bytes. Default 4,096: servers warn at 5 KiB. */
  readonly batchBytes?: number;
}

/** Options in whole. */
export interface CassandraSettings {
  readonly client: CassandraClient;
  readonly name: string;
  readonly table: string;
  readonly keyspace: string | null;
  readonly mode: CassandraMode;
  readonly key: readonly string[];
  readonly partition: readonly string[];
  readonly epoch: string;
  readonly columns: Readonly<Record<string, string>> | undefined;
  readonly removes: boolean;
  readonly createTable: boolean;
  readonly consistency: number;
  /** Of lightweight transactions: all data centres, or only the local one. */
  readonly serialConsistency: number;
  readonly concurrency: number;
  readonly batchRows: number;
  readonly batchBytes: number;
  readonly delivery: DeliveryLimits;
}

const DEFAULTS = { concurrency: 64, batchRows: 1000, batchBytes: 4096 };
const SERIAL = 8, LOCAL_SERIAL = 9;
const OF_WINDOWS = ['windowStart', 'windowEnd', 'windowNumber'];

/** Throws BAD_OPTION. */
export function cassandraSettings(options: CassandraOptions): CassandraSettings {
  checkOptions(options);
  const { client, table, keyspace = null, mode = 'upsert', key, epoch = '', columns, deletes, createTable = false, consistency = 'localQuorum' } = options;
  const first = key.findIndex(column => OF_WINDOWS.includes(column));
  const name = `cassandra(${keyspace === null ? '' : `${keyspace}.`}${table})`;
  return {
    client, name, table, keyspace, mode, key, epoch, columns, createTable, removes: deletes === 'remove',
    partition: options.partition ?? (first > 0 ? key.slice(0, first) : key),
    consistency: CONSISTENCIES[consistency], serialConsistency: consistency.startsWith('local') ? LOCAL_SERIAL : SERIAL,
    concurrency: options.concurrency ?? DEFAULTS.concurrency, batchRows: options.batchRows ?? DEFAULTS.batchRows, batchBytes: options.batchBytes ?? DEFAULTS.batchBytes,
    delivery: deliveryLimits(name, options),
  };
}

function checkOptions({ client, table, keyspace, key, partition, mode = 'upsert', epoch, deletes, consistency = 'localQuorum', concurrency, batchRows, batchBytes }: CassandraOptions): void {
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `cassandra: ${message}`);
  };
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== '' && !value.includes('\0');
  const areNames = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isName);
  if (typeof client?.execute !== 'function' || typeof client.batch !== 'function') wrong('client must be a Client of cassandra-driver, or something else with execute and batch');
  if (!isName(table)) wrong('table must be the name of a table');
  if (keyspace !== undefined && !isName(keyspace)) wrong('keyspace must be the name of a keyspace');
  if (!areNames(key)) wrong('key must name the columns that tell rows apart, such as [\'campaignId\', \'windowStart\']');
  if (partition !== undefined && (!areNames(partition) || !partition.every((column, i) => column === key[i]))) wrong('partition must name the first columns of key');
  if (!['upsert', 'append', 'increment'].includes(mode)) wrong('mode must be \'upsert\', \'append\' or \'increment\'');
  if (epoch !== undefined && (mode !== 'increment' || typeof epoch !== 'string')) wrong('epoch must be a text, and belongs to mode: \'increment\'');
  if (deletes !== undefined && deletes !== 'tombstone' && deletes !== 'remove') wrong('deletes must be \'tombstone\' or \'remove\'');
  if (deletes !== undefined && mode !== 'upsert') wrong('deletes belongs to mode: \'upsert\'');
  if (!Object.hasOwn(CONSISTENCIES, consistency)) wrong(`consistency must be one of ${Object.keys(CONSISTENCIES).join(', ')}`);
  if (mode === 'increment' && consistency === 'any') wrong('consistency \'any\' is not for mode: \'increment\', which reads what it wrote');
  for (const [name, value] of Object.entries({ concurrency, batchRows, batchBytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) wrong(`${name} must be a positive whole number`);
  }
}
