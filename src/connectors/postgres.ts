import type { Fields } from '../plan/types.js';
import { firstVersion, isVersion } from './changelog.js';
import { Delivery } from './delivery/delivery.js';
import { claimIncarnation } from './postgres-incarnation.js';
import { postgresSettings, type PostgresMode, type PostgresOptions, type PostgresSettings } from './postgres-options.js';
import { PostgresRows } from './postgres-rows.js';
import { PostgresStore, watch, type PostgresParcel } from './postgres-store.js';
import type { Query } from './postgres-table.js';
import { planWriting, type Writer, type Writing } from './postgres-writing.js';
import type { DeliveryStats, ResultBatch, Sink } from './sink.js';

export type { PostgresClient, PostgresMode, PostgresOptions } from './postgres-options.js';
export type { DeliveryOptions, RetryOptions, SpillOptions } from './delivery/options.js';

class Postgres implements Sink {
  readonly accepts: 'append' | 'updating';
  readonly name: string;
  readonly #settings: PostgresSettings;
  #delivery: Delivery<PostgresParcel> | null = null;
  #store: PostgresStore;
  #writing: Writing | null = null;
  /** Whether what is written has versions, which lives are told apart by. */
  #claims = false;
  #unwatch = (): void => {};

  constructor(options: PostgresOptions) {
    this.#settings = postgresSettings(options);
    this.name = this.#settings.name;
    this.accepts = this.#settings.mode === 'append' ? 'append' : 'updating';
    this.#store = new PostgresStore(this.name, this.#settings.client);
  }

  async open(fields: Fields): Promise<void> {
    this.#unwatch = watch(this.#settings.client);
    this.#delivery = new Delivery(this.#store, this.#settings.delivery);
    this.#writing = await planWriting(this.#settings, fields, what => this.#ask(what));
    this.#claims = fields.some(isVersion) || this.#settings.mode === 'increment';
    this.#setStatements(0);
    await this.#delivery.open();
  }

  async incarnation(least = 0): Promise<number> {
    if (!this.#claims) return least;
    const { schema, table } = this.#settings;
    const number = await claimIncarnation(this.name, what => this.#ask(what), schema, table, least);
    this.#setStatements(number);
    return number;
  }

  #setStatements(incarnation: number): void {
    const { write, remove, rowPlan } = this.#writing!;
    const versionOfAll = this.#settings.mode === 'increment' && rowPlan.version === null ? [String(firstVersion(incarnation))] : [];
    this.#store.statements = {
      write: { text: write.text, constants: [...write.constants, ...versionOfAll] },
      ...(remove === null ? {} : { remove: { text: remove.text, constants: remove.constants } }),
    };
  }

  async write(batch: ResultBatch): Promise<void> {
    const { rowPlan, newestOnly, write, remove } = this.#writing!;
    const rows = new PostgresRows(batch, rowPlan);
    const chosen = newestOnly ? rows.newest() : rows.all();
    const kept = remove === null ? chosen : chosen.filter(row => !rows.isDeleted(row));
    await this.#send('write', write, rows, kept);
    if (remove !== null && kept.length < chosen.length) await this.#send('remove', remove, rows, chosen.filter(row => rows.isDeleted(row)));
  }

  /** The one place where results leave. While a part is on its way the next is made. */
  async #send(kind: string, { targets }: Writer, rows: PostgresRows, chosen: readonly number[]): Promise<void> {
    let sent: Promise<void> = Promise.resolve();
    for (const part of rows.parts(chosen, targets, this.#settings.limits)) {
      await sent;
      sent = this.#delivery!.deliver({ rows: part.rows, kind, parameters: part.parameters });
      sent.catch(() => {});
    }
    await sent;
  }

  #ask(what: string): Query {
    return (text, parameters) => this.#delivery!.ask(what, () => this.#store.query(text, parameters));
  }

  delivery(): DeliveryStats | null {
    return this.#delivery?.stats() ?? null;
  }

  async close(): Promise<void> {
    await this.#delivery!.close();
    this.#unwatch();
  }
  /** What was written stays. It is right as far as it goes, and a job that runs again writes over it. */
  async abort(): Promise<void> {
    await this.#delivery?.abort();
    this.#unwatch();
  }
}

/**
 * A table of PostgreSQL, as a sink: rows are upserted by key, and of revised results the newest version wins, so that a write that is
 * repeated or comes late changes nothing. Other modes append rows, or keep running totals.
 *
 *     import pg from 'pg';
 *     const client = new pg.Pool();
 *     await pipeline.to(postgres({ client, table: 'minutes', key: ['campaignId', 'windowStart'] })).run();
 */
export function postgres<Mode extends PostgresMode = 'upsert'>(options: PostgresOptions<Mode>): Sink & { readonly accepts: Mode extends 'append' ? 'append' : 'updating' } {
  return new Postgres(options) as Sink as Sink & { readonly accepts: Mode extends 'append' ? 'append' : 'updating' };
}
