import { GetObjectCommand, CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createServer, connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { s3, type S3Options } from 'millrace/s3';
import { count, rows, schema, stream, sum, t, tumbling, type MillraceError, type Row } from 'millrace';
import { lifecycle, service } from '../support/services.ts';

const address = await service('s3', { alone: true });

const View = schema({ page: t.utf8, at: t.timestamp, ms: t.int32 });
const views = (n: number): Row[] => Array.from({ length: n }, (_, i) => ({ page: `p${i % 3}`, at: i * 1000, ms: i }));

describe.skipIf(address === null)('s3()', () => {
  const { username, password, port, origin } = new URL(address ?? 'http://a:b@c:1');
  const connection = (endpoint = origin) => ({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId: username, secretAccessKey: password } });
  const client = new S3Client({ ...connection(), maxAttempts: 1 });
  let used = 0;
  const bucket = async (): Promise<string> => {
    const name = `millrace-test-${process.pid}-${used++}`;
    await client.send(new CreateBucketCommand({ Bucket: name }));
    return name;
  };
  const keys = async (Bucket: string, Prefix = ''): Promise<string[]> =>
    // Parts of uploads that are not complete lie at the top of the bucket in S3Proxy.
    ((await client.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(({ Key }) => Key!).sort();
  const uploads = async (Bucket: string): Promise<number> => (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.length ?? 0;
  const text = async (Bucket: string, Key: string): Promise<string> => (await client.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
  const lines = async (Bucket: string, Key: string): Promise<Row[]> => (await text(Bucket, Key)).trimEnd().split('\n').map(line => JSON.parse(line) as Row);
  const sink = (options: Omit<S3Options, 'connection'>, endpoint?: string) => s3({ connection: connection(endpoint), ...options });

  const perMinute = (n: number) => stream(rows(views(n)), View).eventTime('at').groupBy('page').window(tumbling('1m')).aggregate(view => ({ views: count(), ms: sum(view.ms) }));
  /** Rows that take about 1 KiB each as JSON. */
  const Wide = schema({ id: t.int32, text: t.utf8 });
  const wide = function* (n: number, end: Error | null = null): Generator<Row> {
    for (let id = 0; id < n; id++) yield { id, text: 'x'.repeat(1000) };
    if (end !== null) throw end;
  };
  const allWide = (source: Iterable<Row>) => stream(rows(source), Wide).filter(row => row.id.ge(0));

  test('writes an object for each window; a second run replaces it', async () => {
    const Bucket = await bucket();
    const run = () => perMinute(180).to(sink({ bucket: Bucket, prefix: 'minutes/', roll: { by: 'window' } })).run({ workers: 2 });
    await run();
    const found = await keys(Bucket);
    expect(found).toEqual([0, 1, 2].map(minute => `minutes/window=19700101T000${minute}00Z-19700101T000${minute + 1}00Z/part-00001.jsonl`));
    await run();
    expect(await keys(Bucket)).toEqual(found);
    expect((await lines(Bucket, found[1]!)).map(({ page, views, ms }) => [page, views, ms]).sort()).toEqual([['p0', 20, 1770], ['p1', 20, 1790], ['p2', 20, 1810]]);
  });

  test('writes large objects in parts, with an injected client, which it leaves open', async () => {
    const Bucket = await bucket();
    const stats = await allWide(wide(20_000)).to(s3({ client, bucket: Bucket, prefix: 'wide/', run: 'all', partBytes: 5 * 2 ** 20 })).run({ workers: 2 });
    expect(stats.outputs[0]).toMatchObject({ emitted: 20_000 });
    expect(await keys(Bucket)).toEqual(['wide/all-00001.jsonl']);
    const ids = (await lines(Bucket, 'wide/all-00001.jsonl')).map(({ id }) => id as number);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 20_000 }, (_, id) => id));
    expect(await uploads(Bucket)).toBe(0);
  });

  test('a job that fails in the middle of an upload leaves no object and no upload', async () => {
    const Bucket = await bucket();
    const result = await allWide(wide(20_000, new Error('the input broke'))).to(sink({ bucket: Bucket, prefix: 'wide/', run: 'all', partBytes: 5 * 2 ** 20 })).run({ workers: 2 }).catch(error => error as MillraceError);
    expect(result).toMatchObject({ code: 'SOURCE_FAILED' });
    expect(await keys(Bucket)).toEqual([]);
    expect(await uploads(Bucket)).toBe(0);
  });

  test('a run with a name replaces its objects and removes those beyond', async () => {
    const Bucket = await bucket();
    await allWide(wide(3000)).to(sink({ bucket: Bucket, prefix: 'w/', run: 'r', roll: { rows: 500 } })).run({ workers: 1, batchRows: 500 });
    expect(await keys(Bucket)).toHaveLength(6);
    await allWide(wide(900)).to(sink({ bucket: Bucket, prefix: 'w/', run: 'r', roll: { rows: 500 } })).run({ workers: 1, batchRows: 500 });
    expect(await keys(Bucket)).toEqual(['w/r-00001.jsonl', 'w/r-00002.jsonl']);
  });

  test('waits for a server that is away, and writes everything once', async () => {
    const Bucket = await bucket();
    const job = allWide(wide(30_000)).to(sink({ bucket: Bucket, prefix: 'w/', run: 'r', roll: { bytes: 6 * 2 ** 20 }, partBytes: 5 * 2 ** 20, retry: { firstMs: 50, mostMs: 200, breakAfter: 1000 } }));
    await lifecycle.pause('s3');
    await lifecycle.resume('s3');
    await lifecycle.stop('s3', { crash: true });
    const running = job.start({ workers: 1 });
    await lifecycle.start('s3');
    const stats = await running.done;
    expect(stats.outputs[0]!.delivery!.retries).toBeGreaterThan(0);
    const ids = (await Promise.all((await keys(Bucket, 'w/')).map(key => lines(Bucket, key)))).flat().map(({ id }) => id as number);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 30_000 }, (_, id) => id));
  });

  test('connections that are cut in the middle change nothing', async () => {
    const Bucket = await bucket();
    const proxy = await flakyProxy(Number(port));
    try {
      await allWide(wide(30_000)).to(sink({ bucket: Bucket, prefix: 'w/', run: 'r', partBytes: 5 * 2 ** 20, retry: { firstMs: 5, mostMs: 20, breakAfter: 1000 } }, `http://127.0.0.1:${proxy.port}`)).run({ workers: 1 });
    } finally {
      await proxy.close();
    }
    expect(proxy.cuts).toBeGreaterThan(2);
    const ids = (await lines(Bucket, 'w/r-00001.jsonl')).map(({ id }) => id as number);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 30_000 }, (_, id) => id));
  });

  test('gives up after its time, with an error that tells no secret', async () => {
    const Bucket = await bucket();
    await lifecycle.stop('s3');
    const result = await perMinute(60).to(sink({ bucket: Bucket, retry: { firstMs: 10, giveUpAfterMs: 200 } })).run({ workers: 1 }).catch(error => error as MillraceError);
    await lifecycle.start('s3');
    expect(result).toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(`${(result as Error).stack} ${JSON.stringify((result as Error).cause)}`).not.toContain(password);
  });

  test('says what is wrong with a bucket, keys and options', async () => {
    const Bucket = await bucket();
    const failure = (options: Omit<S3Options, 'connection'>) => perMinute(60).to(sink(options)).run({ workers: 1 }).catch(error => error as MillraceError);
    expect(await failure({ bucket: 'no-such-bucket-here' })).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('no bucket no-such-bucket-here') as string });
    const wrongKey = { ...connection(), credentials: { accessKeyId: username, secretAccessKey: 'a-wrong-secret' } };
    const refused = await perMinute(60).to(s3({ bucket: Bucket, connection: wrongKey })).run({ workers: 1 }).catch(error => error as MillraceError);
    expect(refused).toMatchObject({ code: 'SINK_FAILED' });
    expect(String((refused as Error).stack)).not.toContain('a-wrong-secret');
    expect(() => sink({ bucket: 'b', partBytes: 1000 })).toThrow('partBytes');
    expect(() => sink({ bucket: '' })).toThrow('bucket');
    expect(() => s3({ bucket: 'b', client, connection: connection() })).toThrow('not both');
    expect(() => sink({ bucket: 'b', roll: { bytes: 10 ** 13 } })).toThrow('roll.bytes');
  });
});

/** A way to a server that cuts every third connection after some bytes of an answer or a request. */
async function flakyProxy(port: number): Promise<{ port: number; cuts: number; close(): Promise<void> }> {
  const proxy = { port: 0, cuts: 0, close: (): Promise<void> => new Promise(resolve => server.close(() => resolve())) };
  let connections = 0;
  const server = createServer((near: Socket) => {
    const far = connect(port, '127.0.0.1');
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    near.on('error', end).on('close', end);
    far.on('error', end).on('close', end);
    let left = connections++ % 3 === 2 ? Infinity : 2_000_000 + (connections * 700_001) % 4_000_000;
    near.on('data', chunk => {
      left -= chunk.length;
      if (left > 0) return void far.write(chunk);
      proxy.cuts++;
      end();
    });
    far.on('data', chunk => near.write(chunk));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  proxy.port = (server.address() as { port: number }).port;
  return proxy;
}
