import cassandraDriver from 'cassandra-driver';
import { stream } from 'millrace';
import { cassandra } from 'millrace/cassandra';
import { Result } from './sinks-rows.mjs';

const KEYSPACE = 'bench_sinks';
const IN_FLIGHT = 64;

/** The sink, and the driver's own executeConcurrent over a prepared statement with as many requests in flight. */
export async function openCassandra(address, input, engine) {
  const client = new cassandraDriver.Client({ contactPoints: [address], localDataCenter: 'datacenter1', socketOptions: { readTimeout: 60_000 } });
  await client.connect();
  await client.execute(`CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH replication = { 'class': 'SimpleStrategy', 'replication_factor': 1 }`);
  await client.execute(`CREATE TABLE IF NOT EXISTS ${KEYSPACE}.results (campaign text, "windowStart" timestamp, version bigint, views bigint, clicks bigint, PRIMARY KEY ((campaign), "windowStart"))`);
  const prepare = () => client.execute(`TRUNCATE ${KEYSPACE}.results`);
  const { rows, campaign, time, version, views, clicks } = input;
  const { Long } = cassandraDriver.types;
  const long = value => Long.fromNumber(Number(value));
  const check = async () => {
    const { rows: [found] } = await client.execute(`SELECT count(*) AS n, sum(version) AS v, sum(views) AS w, sum(clicks) AS c FROM ${KEYSPACE}.results`);
    return `${found.n} ${found.v} ${found.w} ${found.c}` === input.sums;
  };
  return {
    questions: [{
      name: 'Cassandra',
      ours: () => stream(input.results.source(), Result).to(cassandra({ client, keyspace: KEYSPACE, table: 'results', key: ['campaign', 'windowStart'], concurrency: IN_FLIGHT })).run({ engine }),
      peers: { 'cassandra-driver': () => {
        const parameters = [];
        for (let row = 0; row < rows; row++) parameters.push([campaign[row], long(time[row]), long(version[row]), long(views[row]), long(clicks[row]), long(version[row])]);
        return cassandraDriver.concurrent.executeConcurrent(client, `INSERT INTO ${KEYSPACE}.results (campaign, "windowStart", version, views, clicks) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`,
          parameters, { concurrencyLevel: IN_FLIGHT, prepare: true });
      } },
      prepare, check,
    }],
    close: async () => {
      await client.execute(`DROP KEYSPACE ${KEYSPACE}`);
      await client.shutdown();
    },
  };
}
