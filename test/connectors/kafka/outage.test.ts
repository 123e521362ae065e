import { count, createEngine, schema, stream, sum, t, tumbling, type ResultBatch } from 'millrace';
import { kafka as kafkaSource } from 'millrace/kafka';
import { afterAll, describe, expect, test } from 'vitest';
import { kafka, makeTopic, produce, unique, useBroker } from '../../support/kafka.ts';
import { lifecycle, service } from '../../support/services.ts';

/** A broker that goes and comes back while a job reads from it. The file has it for itself. */
const broker = useBroker(await service('kafka', { alone: true }));
const engine = createEngine({ workers: 1, heap: '128MiB' });
afterAll(() => engine.close());

describe.skipIf(broker === null)('a broker', () => {
  test('that crashes in the middle and comes back: nothing is lost and nothing counts twice', { timeout: 120_000 }, async () => {
    const topic = await makeTopic('outage', 2);
    const [ROWS, WINDOW] = [60_000, 200];
    await produce(topic, Array.from({ length: ROWS }, (_row, n) => ({ partition: n % 2, value: JSON.stringify({ n, at: n, padding: 'x'.repeat(200) }) })), 2000);
    let outage: Promise<unknown> | null = null;
    const given: { windowStart: number; rows: bigint; all: bigint }[] = [];
    const sink = { name: 'slow', open: () => {}, close: () => {}, abort: () => {}, write: async (batch: ResultBatch) => {
      given.push(...batch.toRows() as typeof given);
      // Few results may wait for a sink, so most of the input has still to be fetched by then.
      outage ??= lifecycle.stop('kafka', { crash: true }).then(() => lifecycle.start('kafka'));
      await outage;
    } };
    const stats = await stream(kafkaSource({ client: kafka(), topic, groupId: unique('group'), until: 'latest', fetchBytes: 20_000, sessionTimeoutMs: 6000 }), schema({ n: t.int64, at: t.timestamp }))
      .eventTime('at').window(tumbling(WINDOW)).aggregate(row => ({ rows: count(), all: sum(row.n) })).to(sink).run({ engine, batchRows: 1000 });
    expect(outage).not.toBeNull();
    expect(stats.sources[0]).toMatchObject({ late: 0, deadLettered: 0 });
    expect(given.sort((a, b) => a.windowStart - b.windowStart)).toEqual(Array.from({ length: ROWS / WINDOW }, (_window, i) =>
      ({ windowStart: i * WINDOW, windowEnd: (i + 1) * WINDOW, rows: BigInt(WINDOW), all: BigInt(i * WINDOW * WINDOW + (WINDOW * (WINDOW - 1)) / 2) })));
  });
});
