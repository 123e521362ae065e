import { MillraceError } from '../errors.js';
import { Contended } from './cassandra-errors.js';
import type { CassandraSettings } from './cassandra-options.js';
import type { Values } from './cassandra-parcel.js';
import { incrementStatements, REVISION, totalOf, VERSION, type Column } from './cassandra-statements.js';
import type { PartitionWriter } from './cassandra-store.js';
import type { Layout } from './cassandra-table.js';
import { bigintBytes, decimalBytes, integerBytes, varintBytes } from './cassandra-types.js';

/**
 * Running totals to which each result is added once. A partition has the totals, in static columns with a revision, and a row for each
 * (epoch, key) with the newest version and what was added for it. One lightweight transaction replaces rows by newer versions and moves the totals on by the
 * differences, if the revision is still the one that they were computed from. A transaction that is repeated, because its answer was lost,
 * finds its versions there and adds nothing. Nothing else may write to the table: lightweight transactions do not see other writes in order.
 */

/** Rows of a transaction: a batch of more may be larger than a server takes. */
const MOST_ROWS = 100;
/** Times that others may be faster before it counts as a failure that passes. */
const MOST_LOST = 20;

export class IncrementWriter implements PartitionWriter {
  readonly partition: readonly number[];
  readonly layout: string;
  private readonly statements: ReturnType<typeof incrementStatements>;
  private readonly keys: number;
  private readonly sums: readonly Column[];
  private readonly epoch: Buffer;
  private readonly reads: object;
  private readonly writes: object;

  /** Rows are the values of partition, clustering columns, sums, and then the version. */
  constructor(private readonly settings: CassandraSettings, { table, partition, clustering, values }: Layout) {
    this.statements = incrementStatements(table, partition, clustering, values);
    this.partition = partition.map((_, i) => i);
    this.keys = partition.length + clustering.length;
    this.sums = values;
    this.epoch = Buffer.from(settings.epoch);
    this.layout = this.statements.setEntry;
    // Reads at this level see what transactions have decided, also those whose answer was lost.
    this.reads = { prepare: true, consistency: settings.serialConsistency, isIdempotent: true };
    this.writes = { prepare: true, consistency: settings.consistency, serialConsistency: settings.serialConsistency, logged: true, isIdempotent: false };
  }

  async write(rows: readonly Values[], signal: AbortSignal): Promise<void> {
    for (let from = 0; from < rows.length; from += MOST_ROWS) await this.add(rows.slice(from, from + MOST_ROWS), signal);
  }

  private async add(rows: readonly Values[], signal: AbortSignal): Promise<void> {
    for (let lost = 0; lost < MOST_LOST; lost++) {
      signal.throwIfAborted();
      if (await this.attempt(rows)) return;
    }
    throw new Contended(`others changed the totals of a partition ${MOST_LOST} times in a row`);
  }

  /** False where another was faster. */
  private async attempt(rows: readonly Values[]): Promise<boolean> {
    const { client } = this.settings;
    const key = this.partition.map(index => rows[0]![index]);
    // The revision first: what is read after it cannot be older.
    const [totals] = await this.read(this.statements.totals, key);
    const kept = await Promise.all(rows.map(row => this.read(this.statements.entry, this.entryKey(row))));
    const deltas = this.sums.map(() => 0n);
    const news = rows.filter((row, i) => {
      const entry = kept[i]![0];
      const known = entry?.[VERSION] ?? null;
      if (known !== null && BigInt(String(known)) > versionOf(row)) return false;
      const differences = this.sums.map((sum, s) => unscaled(sum, row[this.keys + s] ?? null) - unscaledText(sum, entry?.[sum.column]));
      if (known !== null && differences.every(difference => difference === 0n)) return false;
      differences.forEach((difference, s) => (deltas[s]! += difference));
      return true;
    });
    if (news.length === 0) return true;
    const revision = totals?.[REVISION] ?? null;
    const next = bigintBytes(BigInt(String(revision ?? 0)) + 1n);
    const moved = this.sums.map((sum, s) => this.total(sum, unscaledText(sum, totals?.[totalOf(sum.column)]) + deltas[s]!));
    const answer = await client.batch([
      { query: this.statements.setTotals, params: [next, ...moved, ...key, revision === null ? null : bigintBytes(BigInt(String(revision)))] },
      ...news.map(row => ({ query: this.statements.setEntry, params: [...this.entryKey(row), row.at(-1), ...this.sums.map((_, s) => row[this.keys + s])] })),
    ], this.writes);
    return (answer.rows?.[0] as Record<string, unknown> | undefined)?.['[applied]'] === true;
  }

  private entryKey(row: Values): unknown[] {
    const partition = this.partition.length;
    return [...row.slice(0, partition), this.epoch, ...row.slice(partition, this.keys)];
  }
  private async read(query: string, parameters: unknown[]): Promise<Record<string, unknown>[]> {
    return (await this.settings.client.execute(query, parameters, this.reads)).rows as Record<string, unknown>[];
  }

  private total(sum: Column, value: bigint): Buffer {
    const { type } = sum.field;
    if (type.kind === 'decimal') return decimalBytes(value, type.scale);
    if (type.kind === 'uint64') return varintBytes(value);
    if (BigInt.asIntN(64, value) !== value) throw new MillraceError('SINK_FAILED', `${this.settings.name}: a total of '${sum.column}' does not fit 64 bits`);
    return integerBytes(value, 8);
  }
}

const versionOf = (row: Values): bigint => row.at(-1)!.readBigInt64BE(0);

/** A value as the protocol has it, without its scale; null is nothing. */
function unscaled({ field: { type } }: Column, value: Buffer | null): bigint {
  if (value === null) return 0n;
  const digits = type.kind === 'decimal' ? value.subarray(4) : value;
  return BigInt.asIntN(digits.length * 8, BigInt(`0x${digits.toString('hex')}`));
}
/** A value as the driver gives it, whichever class it has for it. */
function unscaledText({ field: { type } }: Column, value: unknown): bigint {
  if (value === null || value === undefined) return 0n;
  const text = String(value);
  if (type.kind !== 'decimal') return BigInt(text);
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole! + fraction.padEnd(type.scale, '0'));
}
