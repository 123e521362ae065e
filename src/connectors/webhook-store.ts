import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Parcel, Store } from './delivery/delivery.js';
import { AttemptTimeout } from './delivery/attempts.js';
import { LOST_CODES } from './delivery/network.js';

/** The body of one request, and the key by which its receiver knows it again. */
export interface WebhookParcel extends Parcel {
  readonly key: string;
  readonly body: string;
}
export type WebhookHeaders = Readonly<Record<string, string>> | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** An answer that does not say that all is well. Its body may hold anything, what we sent included, and is not told. */
class Refused extends Error {
  constructor(readonly status: number, statusText: string) {
    super(`the answer is ${status}${statusText === '' ? '' : ` ${statusText.slice(0, 60)}`}`);
  }
}

/** Too early, timeout, too many requests; from 500 on the server's own faults, but for what it does not know how to do. */
const passes = (status: number): boolean => status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
/** What undici, which is behind `fetch`, says of connections. */
const LOST = [...LOST_CODES, 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'];

/** Delivery by HTTP: a parcel is one request. */
export class WebhookStore implements Store<WebhookParcel> {
  readonly layout: string;
  private readonly url: string;
  private readonly authorization: Readonly<Record<string, string>>;
  /** The receiver wants no request before this time. */
  private notBefore = 0;

  constructor(readonly name: string, url: URL, private readonly how: { method: string; contentType: string; headers: WebhookHeaders; mostWaitMs: number }) {
    const plain = new URL(url);
    plain.username = '';
    plain.password = '';
    this.url = plain.href;
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    this.authorization = user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
    // Only a digest: the path may be a secret.
    this.layout = createHash('sha256').update(`${how.contentType} ${this.url}`).digest('hex').slice(0, 16);
  }

  async send({ key, body }: WebhookParcel, signal: AbortSignal): Promise<void> {
    const early = this.notBefore - Date.now();
    if (early > 0) await sleep(early, undefined, { signal, ref: false });
    const { method, contentType, headers } = this.how;
    const given = typeof headers === 'function' ? await headers() : headers;
    const response = await fetch(this.url, {
      method, body, signal, redirect: 'manual',
      headers: { ...this.authorization, ...given, 'content-type': contentType, 'idempotency-key': key },
    });
    await response.body?.cancel().catch(() => {});
    if (response.ok) return;
    this.notBefore = Date.now() + Math.min(retryAfterMs(response.headers.get('retry-after')), this.how.mostWaitMs);
    throw new Refused(response.status, response.statusText);
  }

  isTransient(error: unknown): boolean {
    return error instanceof Refused ? passes(error.status) : LOST.includes(codeOf(error) ?? '');
  }

  /** Other messages than the system's may hold the address or a header. */
  describe(error: unknown): string {
    if (error instanceof Refused || error instanceof AttemptTimeout) return error.message;
    const code = codeOf(error);
    return code === null ? 'the request could not be made' : `the request could not be made (${code})`;
  }

  encode({ rows, key, body }: WebhookParcel): Uint8Array {
    return Buffer.from(`${rows}\n${key}\n${body}`);
  }
  decode(bytes: Uint8Array): WebhookParcel {
    const [rows = '', key = '', ...body] = Buffer.from(bytes).toString().split('\n');
    return { rows: Number(rows), key, body: body.join('\n') };
  }
}

function codeOf(error: unknown): string | null {
  const { code, cause } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; cause?: { code?: unknown; errors?: readonly { code?: unknown }[] } };
  // Several addresses were tried.
  const found = [cause?.code, cause?.errors?.[0]?.code, code].find(each => typeof each === 'string');
  return (found as string | undefined) ?? null;
}

/** Seconds, or a date. */
function retryAfterMs(text: string | null): number {
  if (text === null) return 0;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1000;
  return ms > 0 ? ms : 0;
}
