import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { blockPlanOf } from '../../../src/connectors/kafka-block.ts';
import type { KafkaBatch } from '../../../src/connectors/kafka-client.ts';
import { Lane } from '../../../src/connectors/kafka-lane.ts';
import { KafkaReading } from '../../../src/connectors/kafka-reading.ts';
import type { KafkaSession } from '../../../src/connectors/kafka-session.ts';
import { field } from '../../support/plans.ts';

/** When what was gathered becomes an item. */
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const BLOCK_BYTES = 10_000;
const NOTHING_YET = 'nothing yet';

/** A reading of one partition that is given batches of messages of 100 bytes each. */
function reading(end = Infinity) {
  const session = { error: null, isOver: false, pause: () => {} } as unknown as KafkaSession;
  const plan = blockPlanOf('kafka(t)', { topic: 't', groupId: 'g' }, {}, [field('n', { kind: 'int32' }, false)], BLOCK_BYTES, 1000);
  const lane = new Lane('t', 0, 0, { offset: 0n, readTo: 0n, closedTo: null }, end, plan, 'kafka(t)[0]');
  const one = new KafkaReading(session, [lane], plan, false);
  let offset = 0;
  const value = Buffer.from(JSON.stringify({ n: 1, padding: 'x' }).padEnd(99));
  return {
    one,
    gather(count: number): Promise<void> {
      const messages = Array.from({ length: count }, () => ({ key: null, value, timestamp: '0', offset: String(offset++) }));
      const payload: KafkaBatch = { batch: { topic: 't', partition: 0, messages, lastOffset: () => String(offset - 1) }, resolveOffset: () => {}, heartbeat: async () => {}, isRunning: () => true, isStale: () => false };
      return one.gather(lane, payload, async () => {});
    },
  };
}
/** The rows of the next item, if there is one by now. */
async function rowsBy(next: Promise<unknown>): Promise<unknown> {
  return Promise.race([next.then(item => (item as { records: { ends: Uint32Array } }).records.ends.length), vi.advanceTimersByTimeAsync(0).then(() => NOTHING_YET)]);
}

test('what comes within 20 ms is one item', async () => {
  const { one, gather } = reading();
  const next = one.next();
  await gather(10);
  await vi.advanceTimersByTimeAsync(19);
  await gather(5);
  expect(await rowsBy(next)).toBe(NOTHING_YET);
  await vi.advanceTimersByTimeAsync(1);
  expect(await rowsBy(next)).toBe(15);
  await one.close();
});

test.each([['three quarters of a block', 75, Infinity], ['the rest of the input', 3, 3]])('%s waits for nothing', async (_, rows, end) => {
  const { one, gather } = reading(end);
  const next = one.next();
  await gather(rows);
  expect(await rowsBy(next)).toBe(rows);
  await one.close();
});

test('a reading that is closed leaves no timer', async () => {
  const { one, gather } = reading();
  await gather(1);
  expect(vi.getTimerCount()).toBe(1);
  await one.close();
  expect(vi.getTimerCount()).toBe(0);
});
