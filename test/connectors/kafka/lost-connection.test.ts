import { connect } from 'node:net';
import { count, createEngine, schema, stream, sum, t, tumbling } from 'millrace';
import { kafka as kafkaSource } from 'millrace/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, describe, expect, test } from 'vitest';
import { makeTopic, produce, unique, useBroker } from '../../support/kafka.ts';
import { service } from '../../support/services.ts';

interface Proxy {
  readonly address: string;
  holdAt(bytes: number): Promise<void>;
  cut(): void;
  release(): void;
  close(): Promise<void>;
}
const { openProxy } = await import(new URL('../../campaign/proxy.mjs', import.meta.url).href) as { openProxy(target: string): Promise<Proxy> };

/** Connections that are lost while the broker is well. */
const broker = useBroker(await service('kafka'));
const engine = createEngine({ workers: 1, heap: '128MiB' });
afterAll(() => engine.close());

describe.skipIf(broker === null)('a connection', () => {
  test('that is cut in the middle of answers, after which the client finds none any more: the job goes on where it was', { timeout: 45_000 }, async () => {
    const [ROWS, WINDOW] = [20_000, 100];
    const topic = await makeTopic('cut');
    await produce(topic, Array.from({ length: ROWS }, (_row, n) => ({ value: JSON.stringify({ n, at: n, padding: 'x'.repeat(200) }) })), 2000);
    const proxy = await openProxy(broker!);
    const [host, port] = proxy.address.split(':');
    // Brokers say where they are, so the client would leave the way that it was given.
    const client = new Kafka({ brokers: [proxy.address], logLevel: logLevel.NOTHING, requestTimeout: 1500, socketFactory: ({ onConnect }) => connect({ host: host!, port: Number(port) }, onConnect) });
    try {
      const job = stream(kafkaSource({ client, topic, groupId: unique('group'), until: 'latest', fetchBytes: 500_000, outageMs: 20_000 }), schema({ n: t.int64, at: t.timestamp }))
        .eventTime('at').window(tumbling(WINDOW)).aggregate(row => ({ rows: count(), all: sum(row.n) })).collect({ engine });
      for (const bytes of [700_000, 1_300_000]) {
        await proxy.holdAt(bytes);
        proxy.cut();
        proxy.release();
      }
      expect((await job).sort((a, b) => a.windowStart - b.windowStart)).toEqual(Array.from({ length: ROWS / WINDOW }, (_window, i) =>
        ({ windowStart: i * WINDOW, windowEnd: (i + 1) * WINDOW, rows: BigInt(WINDOW), all: BigInt(i * WINDOW * WINDOW + (WINDOW * (WINDOW - 1)) / 2) })));
    } finally {
      await proxy.close();
    }
  });
});
