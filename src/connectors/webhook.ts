import { randomUUID } from 'node:crypto';
import { MillraceError } from '../errors.js';
import type { Fields } from '../plan/types.js';
import { Delivery } from './delivery/delivery.js';
import { deliveryLimits, type DeliveryLimits, type DeliveryOptions } from './delivery/options.js';
import { jsonRows } from './json-row.js';
import type { DeliveryStats, ResultBatch, Sink } from './sink.js';
import { WebhookStore, type WebhookHeaders, type WebhookParcel } from './webhook-store.js';

export type { WebhookHeaders } from './webhook-store.js';

/** Options of `webhook`. */
export interface WebhookOptions extends DeliveryOptions {
  /** Where requests go: http or https. A user and password in it become a header. Only its origin is ever told. */
  readonly url: string;
  /** Headers of every request, or a function that gives them for each, for tokens that expire. Default: none. */
  readonly headers?: WebhookHeaders;
  /** Default 'POST'. */
  readonly method?: 'POST' | 'PUT';
  /** 'json' (default): an array of objects; 'jsonl': an object a line. */
  readonly body?: 'json' | 'jsonl';
  /** The most rows of a request. Default 500. */
  readonly batchRows?: number;
  /** A request gets no more rows once its body has so many bytes (a row can be larger). Default 1,048,576: 1 MiB. */
  readonly batchBytes?: number;
}

const DEFAULTS = { batchRows: 500, batchBytes: 2 ** 20 };
const BODIES = {
  json: { begin: '[', between: ',', end: ']', contentType: 'application/json' },
  jsonl: { begin: '', between: '\n', end: '\n', contentType: 'application/jsonl' },
} as const;

class Webhook implements Sink {
  readonly name: string;
  readonly #limits: { rows: number; bytes: number };
  readonly #body: typeof BODIES[keyof typeof BODIES];
  readonly #delivery: DeliveryLimits;
  readonly #store: WebhookStore;
  #outgoing: Delivery<WebhookParcel> | null = null;
  /** What keys begin with, and the number of the last. */
  #run = '';
  #sent = 0;

  constructor(options: WebhookOptions) {
    const url = parsed(options.url);
    this.name = `webhook(${url.origin})`;
    const wrong = (message: string): never => {
      throw new MillraceError('BAD_OPTION', `${this.name}: ${message}`);
    };
    const { headers = {}, method = 'POST', body = 'json', batchRows = DEFAULTS.batchRows, batchBytes = DEFAULTS.batchBytes } = options;
    if (method !== 'POST' && method !== 'PUT') wrong('method must be \'POST\' or \'PUT\'');
    if (!Object.hasOwn(BODIES, body)) wrong('body must be \'json\' or \'jsonl\'');
    for (const [option, value] of Object.entries({ batchRows, batchBytes })) if (!(Number.isSafeInteger(value) && value > 0)) wrong(`${option} must be a positive whole number`);
    if (typeof headers !== 'function') checkHeaders(headers, wrong);
    this.#limits = { rows: batchRows, bytes: batchBytes };
    this.#body = BODIES[body];
    this.#delivery = deliveryLimits(this.name, options);
    this.#store = new WebhookStore(this.name, url, { method, headers, contentType: this.#body.contentType, mostWaitMs: this.#delivery.retry.attemptMs / 2 });
  }

  async open(_fields: Fields): Promise<void> {
    this.#run = randomUUID();
    this.#sent = 0;
    this.#outgoing = new Delivery(this.#store, this.#delivery);
    await this.#outgoing.open();
  }

  /** While a request is on its way the next body is made. */
  async write(batch: ResultBatch): Promise<void> {
    let sent: Promise<void> = Promise.resolve();
    for (const { rows, body } of this.#bodies(batch)) {
      await sent;
      sent = this.#outgoing!.deliver({ rows, key: `${this.#run}-${++this.#sent}`, body });
      sent.catch(() => {});
    }
    await sent;
  }

  *#bodies(batch: ResultBatch): Generator<{ rows: number; body: string }> {
    const { begin, between, end } = this.#body;
    const json = jsonRows(batch);
    let rows = 0;
    let body = begin;
    let bytes = 0;
    for (let row = 0; row < batch.rows; row++) {
      const text = json(row);
      if (rows > 0) body += between;
      body += text;
      bytes += Buffer.byteLength(text) + 1;
      if (++rows < this.#limits.rows && bytes < this.#limits.bytes && row + 1 < batch.rows) continue;
      yield { rows, body: body + end };
      rows = 0;
      body = begin;
      bytes = 0;
    }
  }

  delivery(): DeliveryStats | null {
    return this.#outgoing?.stats() ?? null;
  }

  async close(): Promise<void> {
    await this.#outgoing!.close();
  }
  async abort(): Promise<void> {
    await this.#outgoing?.abort();
  }
}

function parsed(url: unknown): URL {
  const wrong = 'webhook: url must be the text of an http or https address';
  if (typeof url !== 'string' || !URL.canParse(url)) throw new MillraceError('BAD_OPTION', wrong);
  const all = new URL(url);
  if (all.protocol !== 'http:' && all.protocol !== 'https:') throw new MillraceError('BAD_OPTION', wrong);
  return all;
}

/** The platform's own message would tell the value. */
function checkHeaders(headers: Readonly<Record<string, string>>, wrong: (message: string) => never): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers().append(name, value);
    } catch {
      wrong(`the header ${JSON.stringify(name)} has a name or a value that HTTP does not take`);
    }
    if (['content-type', 'idempotency-key', 'content-length'].includes(name.toLowerCase())) wrong(`the header ${name} is set by the sink`);
  }
}

/**
 * Results as requests to an address: arrays of JSON objects, each request with an `Idempotency-Key` that stays the same however often it is tried again.
 *
 *     await pipeline.to(webhook({ url: 'https://example.org/hook', headers: { authorization: `Bearer ${token}` } })).run();
 */
export const webhook = (options: WebhookOptions): Sink => new Webhook(options);
