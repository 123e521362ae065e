import { parentPort, workerData } from 'node:worker_threads';
import { clientOf, eventsOf, messageOf } from './kafka-events.mjs';

// A thread that writes the events of some partitions to a topic, and tells how many at a time.
const { address, topic, rows, partitions } = workerData;
const PER_REQUEST = 1000;
const tell = parentPort.postMessage.bind(parentPort);

const producer = clientOf(address).producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: () => ({ message }) => message.partition });
await producer.connect();
let messages = [];
const send = async () => {
  await producer.send({ topic, messages });
  tell(messages.length);
  messages = [];
};
for (const event of eventsOf(rows)) {
  if (!partitions.includes(event.partition)) continue;
  messages.push({ partition: event.partition, value: messageOf(event) });
  if (messages.length === PER_REQUEST) await send();
}
if (messages.length > 0) await send();
await producer.disconnect();
