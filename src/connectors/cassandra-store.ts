import { describe, isTransient } from './cassandra-errors.js';
import type { CassandraSettings } from './cassandra-options.js';
import { decodeParcel, encodeParcel, identity, type CassandraParcel, type Values } from './cassandra-parcel.js';
import type { Store } from './delivery/delivery.js';
import { inParallel } from './in-parallel.js';

/** What becomes of the rows of one partition. Done again it must change nothing. */
export interface PartitionWriter {
  /** Indexes of the values that make the partition. */
  readonly partition: readonly number[];
  write(rows: readonly Values[], signal: AbortSignal): Promise<void>;
  /** What the values are, for the local log. */
  readonly layout: string;
}

/** Delivery to Cassandra: rows of a parcel go partition by partition, several at a time. */
export class CassandraStore implements Store<CassandraParcel> {
  /** Set when the table is known. By name. */
  writers: Readonly<Record<string, PartitionWriter>> = {};
  constructor(readonly name: string, private readonly settings: CassandraSettings) {}

  get layout(): string {
    return JSON.stringify(Object.entries(this.writers).map(([kind, { layout }]) => [kind, layout]));
  }

  async send({ kind, values }: CassandraParcel, signal: AbortSignal): Promise<void> {
    const writer = this.writers[kind]!;
    const groups = new Map<string, Values[]>();
    for (const row of values) {
      const id = identity(writer.partition.map(index => row[index]!));
      const group = groups.get(id);
      if (group === undefined) groups.set(id, [row]);
      else group.push(row);
    }
    await inParallel([...groups.values()], this.settings.concurrency, async rows => {
      signal.throwIfAborted();
      await writer.write(rows, signal);
    });
  }

  isTransient(error: unknown): boolean {
    return isTransient(error);
  }
  describe(error: unknown): string {
    return describe(error);
  }
  encode(parcel: CassandraParcel): Uint8Array {
    return encodeParcel(parcel);
  }
  decode(bytes: Uint8Array): CassandraParcel {
    return decodeParcel(bytes);
  }
}

/** Rows as prepared statements: one alone by itself, several of the partition as batches of bounded size. */
export class RowWriter implements PartitionWriter {
  readonly layout: string;
  private readonly options: object;
  constructor(private readonly settings: CassandraSettings, private readonly query: string, readonly partition: readonly number[]) {
    this.layout = query;
    this.options = { prepare: true, consistency: settings.consistency, isIdempotent: true, logged: false };
  }

  async write(rows: readonly Values[]): Promise<void> {
    const { client, batchBytes } = this.settings;
    for (let from = 0; from < rows.length;) {
      let to = from, bytes = 0;
      for (; to < rows.length && (to === from || bytes + sizeOf(rows[to]!) <= batchBytes); to++) bytes += sizeOf(rows[to]!);
      if (to - from === 1) await client.execute(this.query, rows[from] as unknown[], this.options);
      else await client.batch(rows.slice(from, to).map(params => ({ query: this.query, params: params as unknown[] })), this.options);
      from = to;
    }
  }
}
const sizeOf = (row: Values): number => row.reduce((sum, value) => sum + 4 + (value?.length ?? 0), 0);
