import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createEngine, rows, schema, stream, t, webhook, type MillraceError, type Row, type WebhookOptions } from 'millrace';

const SECRET = 'top-secret-token';
const engine = createEngine({ workers: 2, heap: '256MiB' });
const folder = mkdtempSync(join(tmpdir(), 'millrace-webhook-'));
const servers: { close(): Promise<unknown> }[] = [];
afterEach(() => Promise.all(servers.splice(0).map(server => server.close())));
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Got {
  readonly headers: IncomingMessage['headers'];
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly body: string;
}
type Answer = (got: Got, response: ServerResponse, request: IncomingMessage, number: number) => void;

/** A receiver. `answer` says what becomes of each request; by default it is taken. */
async function receiver(answer: Answer = (_got, response) => void response.end('thanks'), port = 0) {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', chunk => (body += chunk)).on('end', () => {
      const one = { headers: request.headers, method: request.method, path: request.url, body };
      got.push(one);
      answer(one, response, request, got.length);
    });
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  const close = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise(resolve => server.close(resolve));
  };
  servers.push({ close });
  const place = (server.address() as AddressInfo).port;
  return { got, port: place, url: `http://127.0.0.1:${place}/hooks/${SECRET}`, close };
}

const Item = schema({ id: t.int64, text: t.utf8.nullable });
const items = (n: number): Row[] => Array.from({ length: n }, (_, id) => ({ id: BigInt(id), text: id % 10 === 3 ? null : `text "${id}" ü` }));
const QUICK = { firstMs: 5, mostMs: 20, breakMs: 10 };
const run = (n: number, options: WebhookOptions) =>
  stream(rows(items(n)), Item).filter(item => item.id.ge(0n)).to(webhook({ retry: QUICK, ...options })).run({ engine });
const failure = (n: number, options: WebhookOptions): Promise<MillraceError> => run(n, options).then(() => { throw new Error('it did not fail'); }, error => error as MillraceError);
const idsOf = (bodies: readonly Got[]): number[] => bodies.flatMap(({ body }) => (JSON.parse(body) as { id: number }[]).map(({ id }) => id)).sort((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, id) => id);
/** What a receiver holds that keeps to keys. */
const byKey = (got: readonly Got[]): Got[] => [...new Map(got.map(one => [one.headers['idempotency-key'], one])).values()];

describe('webhook()', () => {
  test('sends rows as JSON in requests of bounded size, each with a key of its own', async () => {
    const { got, url } = await receiver();
    const stats = await run(1001, { url, batchRows: 100, headers: { authorization: `Bearer ${SECRET}` } });
    expect(idsOf(got)).toEqual(upTo(1001));
    expect(got.every(({ body }) => (JSON.parse(body) as unknown[]).length <= 100)).toBe(true);
    expect(new Set(got.map(({ headers }) => headers['idempotency-key'])).size).toBe(got.length);
    expect(got[0]).toMatchObject({ method: 'POST', path: `/hooks/${SECRET}`, headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` } });
    expect(JSON.parse(got[0]!.body)).toEqual(expect.arrayContaining([{ id: 3, text: null }, { id: 4, text: 'text "4" ü' }]));
    expect(stats.outputs[0]).toMatchObject({ emitted: 1001, delivery: { retries: 0 } });
    expect(JSON.stringify(stats, (_key, value: unknown) => typeof value === 'bigint' ? String(value) : value)).not.toContain(SECRET);
  });

  test('bounds bytes too; sends JSON lines; puts; takes headers from a function and a user from the address', async () => {
    const { got, url } = await receiver();
    let tokens = 0;
    await run(50, { url: url.replace('//', '//me:p%40ss@'), batchBytes: 200, method: 'PUT', body: 'jsonl', headers: () => ({ 'x-token': `t${++tokens}` }) });
    expect(got.length).toBeGreaterThan(5);
    for (const { body } of got) expect(body.length).toBeLessThan(260);
    expect(got.flatMap(({ body }) => body.trimEnd().split('\n').map(line => (JSON.parse(line) as { id: number }).id)).sort((a, b) => a - b)).toEqual(upTo(50));
    expect(got[0]).toMatchObject({ method: 'PUT', headers: { authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`, 'content-type': 'application/jsonl' } });
    expect(new Set(got.map(({ headers }) => headers['x-token'])).size).toBe(got.length);
  });

  test.each([429, 500, 502, 503, 408])('tries again after %i, with the same key and body', async status => {
    const { got, url } = await receiver((_got, response, _request, number) => void response.writeHead(number % 3 === 0 ? 200 : status).end());
    const stats = await run(300, { url, batchRows: 100 });
    expect(got).toHaveLength(9);
    expect(byKey(got)).toHaveLength(3);
    expect(idsOf(byKey(got))).toEqual(upTo(300));
    for (const one of got) expect(one.body).toBe(byKey(got).find(({ headers }) => headers['idempotency-key'] === one.headers['idempotency-key'])!.body);
    expect(stats.outputs[0]!.delivery).toMatchObject({ retries: 6 });
  });

  test('an answer that was lost does not double rows for a receiver that keeps to keys', async () => {
    const { got, url } = await receiver((_got, response, request, number) => void (number % 2 === 1 ? request.socket.destroy() : response.end()));
    await run(300, { url, batchRows: 100 });
    expect(got).toHaveLength(6);
    expect(idsOf(byKey(got))).toEqual(upTo(300));
  });

  test('an answer that takes too long counts as failed', async () => {
    const { got, url } = await receiver((_got, response, _request, number) => void (number > 1 && response.end()));
    await run(10, { url, retry: { ...QUICK, attemptMs: 100 } });
    expect(got).toHaveLength(2);
  });

  test('waits as long as the receiver asks for', async () => {
    const times: number[] = [];
    const { url } = await receiver((_got, response, _request, number) => {
      times.push(performance.now());
      response.writeHead(number === 1 ? 429 : 200, number === 1 ? { 'retry-after': '1' } : {}).end();
    });
    await run(10, { url });
    expect(times[1]! - times[0]!).toBeGreaterThan(950);
  });

  test.each([400, 401, 404, 301, 501])('%i fails the job at once, and tells no secret', async status => {
    const { got, url } = await receiver((one, response) => void response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(`you sent ${String(one.headers.authorization)}`));
    const error = await failure(10, { url: url.replace('//', `//u:${SECRET}@`), headers: { authorization: `Bearer ${SECRET}` } });
    expect(error).toMatchObject({ code: 'SINK_FAILED', message: expect.stringContaining(String(status)) as string });
    expect(`${error.stack} ${JSON.stringify(error.cause)} ${String((error.cause as Error).stack)}`).not.toContain(SECRET);
    expect(got).toHaveLength(1);
  });

  test('gives up on a receiver that is away', async () => {
    const { url, close } = await receiver();
    await close();
    const error = await failure(10, { url, retry: { ...QUICK, giveUpAfterMs: 100 } });
    expect(error).toMatchObject({ code: 'SINK_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') as string });
    expect(error.stack).not.toContain(SECRET);
  });

  test('with prefer: \'availability\' rows wait in the log, and the next run delivers them with their keys', async () => {
    const away = await receiver();
    await away.close();
    const options = { url: away.url, batchRows: 100, prefer: 'availability', spill: { folder: join(folder, 'spill'), closeWithinMs: 50 } } as const;
    const stats = await run(300, options);
    expect(stats.outputs[0]!.delivery).toMatchObject({ spilled: 300, waiting: 3 });
    const back = await receiver(undefined, away.port);
    await run(0, { ...options, spill: { ...options.spill, closeWithinMs: 10_000 } });
    expect(idsOf(back.got)).toEqual(upTo(300));
    expect(byKey(back.got)).toHaveLength(3);
  });

  test('refuses what cannot be meant, without telling it', () => {
    const refused = (options: object): string => {
      try {
        webhook(options as WebhookOptions);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refused({ url: `ftp://${SECRET}` })).toMatch(/http or https address$/);
    expect(refused({ url: 7 })).toContain('url');
    const url = `http://127.0.0.1:1/${SECRET}`;
    expect(refused({ url, headers: { authorization: `${SECRET}\nx\u0000` } })).toContain('"authorization"');
    expect(refused({ url, headers: { authorization: `${SECRET}\nx\u0000` } })).not.toContain(SECRET);
    expect(refused({ url, headers: { 'Idempotency-Key': 'x' } })).toContain('set by the sink');
    expect(refused({ url, batchRows: 0 })).toContain('batchRows');
    expect(refused({ url, method: 'GET' })).toContain('method');
    expect(refused({ url, body: 'xml' })).toContain('body');
  });
});
