// One process of several that share a consumer group: tells its parent every result. Ends in good order when told to.
import { count, schema, stream, sum, t, tumbling } from 'millrace';
import { kafka } from 'millrace/kafka';

const { brokers, topic, groupId, key, partitionedBy } = JSON.parse(process.argv[2]);
const View = schema({ campaign: t.utf8, n: t.int32, at: t.timestamp });
const stop = new AbortController();
process.on('message', () => stop.abort());
const sink = {
  name: 'parent', open() {}, close() {}, abort() {},
  write(batch) {
    process.send({ rows: batch.toRows().map(row => ({ ...row, rows: Number(row.rows), all: Number(row.all) })) });
  },
};
try {
  const { sources } = await stream(kafka({ brokers, topic, groupId, partitionedBy, sessionTimeoutMs: 10_000 }), View).eventTime('at')
    .groupBy(key).window(tumbling('10s')).aggregate(row => ({ rows: count(), all: sum(row.n) })).to(sink).run({ workers: 1, heap: '128MiB', signal: stop.signal });
  process.send({ done: sources[0] && { read: sources[0].read, replayed: sources[0].replayed, late: sources[0].late } });
} catch (error) {
  process.send({ failed: error.message });
}
process.disconnect();
