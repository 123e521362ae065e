import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { schema, stream, t } from 'millrace';
import { kafka as kafkaSource, wholeAnswers, type KafkaOptions } from 'millrace/kafka';
import { describe, expect, test } from 'vitest';
import { makeTopic, produce, unique, useBroker } from '../../support/kafka.ts';
import { service } from '../../support/services.ts';

const broker = useBroker(await service('kafka'));
/** What the client waits for answers that it does not find: 30 s and more. */
const bounded = { timeout: 25_000 };

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

describe('connections that are lost in the middle of an answer', () => {
  test('wherever that is, the answer is filled up behind the error', async () => {
    const answer = Buffer.from([0, 0, 1, 2, ...Array.from({ length: 258 }, () => 7)]);
    for (const [reset, cuts] of [[true, [0, 1, 2, 3, 4, 5, 261, 262]], [false, [2, 100]]] as const) for (const cut of cuts) {
      const server = createServer(socket => {
        socket.on('error', () => {});
        // What is written together with a reset may be lost.
        socket.write(Buffer.concat([answer, answer.subarray(0, cut)]), () => void sleep(20).then(() => (reset ? socket.resetAndDestroy() : socket.end())));
      });
      const port = await listening(server);
      const told: (number | string)[] = [];
      const socket = wholeAnswers(({ onConnect }) => connect(port, '127.0.0.1', onConnect))({ host: '', port: 0, onConnect: () => {} });
      socket.on('data', (bytes: Buffer) => told.push(bytes.length));
      socket.on('error', () => told.push('lost'));
      socket.on('end', () => told.push('lost'));
      await new Promise(resolve => socket.once('close', resolve));
      await new Promise(resolve => setImmediate(resolve));
      server.close();
      const lengths = told.map(each => (each === 'lost' ? 0 : each as number));
      const lost = told.indexOf('lost');
      const sum = (part: number[]): number => part.reduce((all, length) => all + length, 0);
      expect(sum(lengths.slice(0, lost)), `cut at ${cut}`).toBe(answer.length + cut);
      // Where less than the size has come, nothing says how much it would have been: what has, with zeros.
      const whole = cut === 0 ? 0 : cut < 3 ? 4 : cut === 3 ? 4 + 256 : answer.length;
      expect(sum(lengths.slice(lost)), `cut at ${cut}`).toBe(whole === 0 ? 0 : whole - cut);
    }
  });
});

describe.skipIf(broker === null)('a source whose connection is lost in the middle of an answer', () => {
  const N = schema({ n: t.int32 });
  const rows = 5000;
  /** A way to the broker that ends, once, in the middle of the first answer that `isIt`. */
  async function cutOnce(isIt: (bytes: number, answers: number) => boolean) {
    const [host, port] = broker!.split(':');
    const seen = { cut: false, answers: 0 };
    const server = createServer(client => {
      const upstream = connect({ host: host!, port: Number(port) });
      for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
      client.on('data', bytes => upstream.write(bytes));
      upstream.on('data', (bytes: Buffer) => {
        if (seen.cut || !isIt(bytes.length, ++seen.answers)) return void client.write(bytes);
        seen.cut = true;
        client.write(bytes.subarray(0, bytes.length >> 1), () => void sleep(20).then(() => client.resetAndDestroy()));
      });
    });
    return { seen, server, port: await listening(server) };
  }
  const read = async (how: Pick<KafkaOptions, 'client' | 'brokers'>): Promise<number> => {
    const topic = await makeTopic('cut');
    await produce(topic, Array.from({ length: rows }, (_row, n) => ({ partition: 0, value: JSON.stringify({ n, padding: 'x'.repeat(200) }) })), 1000);
    return (await stream(kafkaSource({ ...how, topic, groupId: unique('group'), until: 'latest', fetchBytes: 100_000 }), N).collect({ workers: 1 })).length;
  };

  test('goes on, with a client of its own that has wholeAnswers', bounded, async () => {
    const { seen, server, port } = await cutOnce(bytes => bytes > 20_000);
    const client = new Kafka({
      brokers: [broker!], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 },
      socketFactory: wholeAnswers(({ onConnect }) => connect(port, '127.0.0.1', onConnect)),
    });
    expect(await read({ client })).toBe(rows);
    expect(seen.cut).toBe(true);
    server.close();
  });
  test('goes on with brokers', bounded, async () => {
    // The first answer of a connection says which requests the broker knows.
    const { seen, server, port } = await cutOnce((_bytes, answers) => answers === 2);
    expect(await read({ brokers: [`127.0.0.1:${port}`] })).toBe(rows);
    expect(seen.cut).toBe(true);
    server.close();
  });
});
