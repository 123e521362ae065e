import type { Fields } from '../plan/types.js';
import { IncrementWriter } from './cassandra-increment.js';
import { claimIncarnation, createIncarnations, FIND_INCARNATIONS } from './cassandra-incarnation.js';
import { cassandraSettings, type CassandraMode, type CassandraOptions, type CassandraSettings } from './cassandra-options.js';
import { parcels, type CassandraParcel, type Values } from './cassandra-parcel.js';
import { deleteStatement, upsertStatement, type Column } from './cassandra-statements.js';
import { CassandraStore, RowWriter } from './cassandra-store.js';
import { planTable, type Layout, type Question } from './cassandra-table.js';
import { bigintBytes } from './cassandra-types.js';
import { firstVersion } from './changelog.js';
import { columnTexts, type ColumnText } from './column-text.js';
import { Delivery } from './delivery/delivery.js';
import { isDeletedRow, newestRows } from './newest-rows.js';
import type { DeliveryStats, ResultBatch, Sink } from './sink.js';

export type { CassandraClient, CassandraConsistency, CassandraMode, CassandraOptions } from './cassandra-options.js';
export type { DeliveryOptions, RetryOptions, SpillOptions } from './delivery/options.js';

/** The column `version` of results; it is the timestamp of what is written. */
const VERSION_TYPE = 'bigint';

class Cassandra implements Sink {
  readonly accepts: 'append' | 'updating';
  readonly name: string;
  readonly #settings: CassandraSettings;
  readonly #store: CassandraStore;
  #delivery: Delivery<CassandraParcel> | null = null;
  #layout: Layout | null = null;
  /** What each kind of rows takes, in its order. */
  #columns: Readonly<Record<string, { readonly columns: readonly Pick<Column, 'index' | 'type'>[]; readonly constants: Values }>> = {};
  #incarnation: number | null = null;

  constructor(options: CassandraOptions) {
    this.#settings = cassandraSettings(options);
    this.name = this.#settings.name;
    this.accepts = this.#settings.mode === 'append' ? 'append' : 'updating';
    this.#store = new CassandraStore(this.name, this.#settings);
  }

  async open(fields: Fields): Promise<void> {
    const settings = this.#settings;
    this.#incarnation = null;
    this.#delivery = new Delivery(this.#store, settings.delivery);
    const layout = await planTable(settings, fields, what => this.#ask(what));
    this.#layout = layout;
    const { table, partition, clustering, values } = layout;
    const key = [...partition, ...clustering];
    const places = (columns: readonly Column[]): number[] => partition.map(one => columns.indexOf(one));
    this.#store.writers = settings.mode === 'increment' ? { write: new IncrementWriter(settings, layout) } : {
      write: new RowWriter(settings, upsertStatement(table, [...key, ...values]), places(key)),
      // The version comes first there.
      remove: new RowWriter(settings, deleteStatement(table, key), places(key).map(index => index + 1)),
    };
    await this.#delivery.open();
  }

  async incarnation(least = 0): Promise<number> {
    const { keyspace, client } = this.#settings;
    const space = keyspace ?? client.keyspace!;
    const [found] = await this.#ask('cannot claim an incarnation')(FIND_INCARNATIONS, [space]);
    if (found === undefined) await this.#ask('cannot create a table of incarnations')(createIncarnations(space), []);
    this.#incarnation = await this.#delivery!.ask('cannot claim an incarnation', () => claimIncarnation(this.#settings, space, least));
    this.#setColumns();
    return this.#incarnation;
  }

  #setColumns(): void {
    const { partition, clustering, values, rowPlan } = this.#layout!;
    const key = [...partition, ...clustering];
    const version = rowPlan.version === null ? [] : [{ index: rowPlan.version, type: VERSION_TYPE }];
    // Results that come once all have the first version of their life.
    const constants = rowPlan.version === null ? [bigintBytes(firstVersion(this.#incarnation!))] : [];
    this.#columns = { write: { columns: [...key, ...values, ...version], constants }, remove: { columns: [...version, ...key], constants: [] } };
  }

  async write(batch: ResultBatch): Promise<void> {
    // Whoever runs the sink without asking for a number gets one before anything is written.
    if (this.#incarnation === null) await this.incarnation();
    const { rowPlan } = this.#layout!;
    const texts = columnTexts(batch);
    const newest = newestRows(texts, batch.rows, rowPlan);
    const isDeleted = (row: number): boolean => isDeletedRow(texts, rowPlan, row);
    await this.#send('write', batch, texts, newest.filter(row => !isDeleted(row)));
    await this.#send('remove', batch, texts, newest.filter(isDeleted));
  }

  /** While a parcel is on its way the next is made. */
  async #send(kind: 'write' | 'remove', batch: ResultBatch, texts: readonly ColumnText[], rows: readonly number[]): Promise<void> {
    const { columns, constants } = this.#columns[kind]!;
    let sent: Promise<void> = Promise.resolve();
    for (const parcel of parcels(batch, texts, kind, rows, columns, constants, this.#settings.batchRows)) {
      await sent;
      sent = this.#delivery!.deliver(parcel);
      sent.catch(() => {});
    }
    await sent;
  }

  #ask(what: string): Question {
    const options = { prepare: true, isIdempotent: true };
    return (query, parameters) => this.#delivery!.ask(what, async () => (await this.#settings.client.execute(query, parameters, parameters.length === 0 ? {} : options)).rows);
  }

  delivery(): DeliveryStats | null {
    return this.#delivery?.stats() ?? null;
  }
  async close(): Promise<void> {
    await this.#delivery!.close();
  }
  /** What was written stays. It is right as far as it goes, and a job that runs again writes over it. */
  async abort(): Promise<void> {
    await this.#delivery?.abort();
  }
}

/**
 * A table of Cassandra, as a sink: rows are upserted by key, and of revised results the newest version wins, since it is the timestamp of what
 * is written: a write that is repeated or comes late changes nothing. Other modes append rows, or keep running totals.
 *
 *     import { Client } from 'cassandra-driver';
 *     const client = new Client({ contactPoints: ['localhost'], localDataCenter: 'datacenter1', keyspace: 'ads' });
 *     await pipeline.to(cassandra({ client, table: 'minutes', key: ['campaignId', 'windowStart'], consistency: 'quorum' })).run();
 */
export function cassandra<Mode extends CassandraMode = 'upsert'>(options: CassandraOptions<Mode>): Sink & { readonly accepts: Mode extends 'append' ? 'append' : 'updating' } {
  return new Cassandra(options) as Sink as Sink & { readonly accepts: Mode extends 'append' ? 'append' : 'updating' };
}
