import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { KafkaClient } from '../../../src/connectors/kafka-client.ts';
import { KafkaGroup, type GroupListener } from '../../../src/connectors/kafka-group.ts';

/** A consumer that does nothing but note what it is told. */
class StandIn {
  readonly events = { FETCH: 'fetch', REQUEST_TIMEOUT: 'timeout', GROUP_JOIN: 'join', START_BATCH_PROCESS: 'batch', CRASH: 'crash' };
  isConnected = false;
  runs = 0;
  private readonly heard = new Map<string, (event: { payload: unknown }) => void>();

  constructor(private readonly connecting: (consumer: StandIn) => Promise<void>) {}

  on(event: string, listener: (event: { payload: unknown }) => void): void {
    this.heard.set(event, listener);
  }
  tell(event: keyof StandIn['events']): void {
    this.heard.get(this.events[event])?.({ payload: {} });
  }
  async connect(): Promise<void> {
    await this.connecting(this);
    this.isConnected = true;
  }
  async disconnect(): Promise<void> {
    this.isConnected = false;
  }
  async subscribe(): Promise<void> {}
  async run(): Promise<void> {
    this.runs++;
  }
}

/** A group over consumers that connect as `connecting` lets them. */
function groupOf(connecting: (consumer: StandIn, number: number) => Promise<void>) {
  const consumers: StandIn[] = [];
  const failures: Error[] = [];
  const consumer = (): StandIn => {
    const number = consumers.length;
    return consumers[consumers.push(new StandIn(one => connecting(one, number))) - 1]!;
  };
  const listener = { failed: (error: Error) => failures.push(error) } as unknown as GroupListener;
  const group = new KafkaGroup('kafka(t)', { consumer } as unknown as KafkaClient, { topic: 't', groupId: 'g' }, 10_000, listener);
  return { group, consumers, failures };
}
/** Until all that was begun without waiting has gone on as far as it can. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
}

test('a consumer that runs and has no answer is left, and another runs', async () => {
  const { group, consumers, failures } = groupOf(async () => {});
  await group.join(['t']);
  consumers[0]!.tell('REQUEST_TIMEOUT');
  consumers[0]!.tell('REQUEST_TIMEOUT');
  await settled();
  expect(consumers.map(({ isConnected, runs }) => [isConnected, runs])).toEqual([[false, 1], [true, 1]]);
  consumers[0]!.tell('REQUEST_TIMEOUT');
  await settled();
  expect(consumers.length).toBe(2);
  expect(failures).toEqual([]);
  await group.close();
});

test('a request that has no answer while the group is joined is the client\'s to repeat', async () => {
  const { group, consumers } = groupOf(async consumer => consumer.tell('REQUEST_TIMEOUT'));
  await group.join(['t']);
  await settled();
  expect(consumers.map(({ isConnected, runs }) => [isConnected, runs])).toEqual([[true, 1]]);
  await group.close();
});

test('a group that is closed while another consumer connects leaves none connected', async () => {
  let connect = (): void => {};
  const { group, consumers } = groupOf((_, number) => (number === 0 ? Promise.resolve() : new Promise<void>(resolve => (connect = resolve))));
  await group.join(['t']);
  consumers[0]!.tell('REQUEST_TIMEOUT');
  await settled();
  await group.close();
  connect();
  await settled();
  expect(consumers.map(({ isConnected, runs }) => [isConnected, runs])).toEqual([[false, 1], [false, 0]]);
});
