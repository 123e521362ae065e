// One life of the job of examples/ad-campaigns, in a process that can be killed: from Kafka to a store, both by ways that can be cut.
import { connect } from 'node:net';
import kafkajs from 'kafkajs';
import { kafka, wholeAnswers } from 'millrace/kafka';
import { campaignMinutes } from '../../examples/ad-campaigns/pipeline.mjs';
import { openStore } from '../../examples/ad-campaigns/stores.mjs';

const { topics, group, brokers, store: chosen, workers, twice } = JSON.parse(process.argv[2]);
const [host, port] = brokers.split(':');
// Brokers say where they are, so the client would leave the way that it was given.
const client = new kafkajs.Kafka({
  brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING, connectionTimeout: 3000, retry: { initialRetryTime: 250, maxRetryTime: 3000, retries: 60 },
  socketFactory: wholeAnswers(({ onConnect }) => connect({ host, port: Number(port) }, onConnect)),
});
const source = topic => kafka({ client, topic, groupId: `${group}.${topic}`, until: 'latest', sessionTimeoutMs: 6000, outageMs: 240_000 });
/** Every batch is written once more, as by somebody who got no answer. */
const again = sink => new Proxy(sink, {
  get(target, name) {
    if (name === 'write' && twice) return async batch => {
      await target.write(batch);
      await target.write(batch);
    };
    return typeof target[name] === 'function' ? target[name].bind(target) : target[name];
  },
});

// The driver of Cassandra takes a minute and more to shut down after a connection was cut; all is written by then.
const tell = message => process.send(message, () => process.exit());

const store = await openStore(chosen, { empty: false });
try {
  const sources = Object.fromEntries(Object.entries(topics).map(([name, topic]) => [name, source(topic)]));
  const stats = await campaignMinutes(sources, { unread: again(store.append('campaign_unread')) }).to(again(store.sink)).run({
    workers, progressEveryMs: 500,
    onProgress: ({ sources, emitted }) => process.send({ progress: { read: sources.reduce((sum, { read }) => sum + read, 0), emitted } }),
  });
  tell({ stats });
} catch (error) {
  tell({ failed: error.message });
}
