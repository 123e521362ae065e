import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folderOf } from './folder.mjs';
import { classPath, java17, jars, JVM, LOGBACK } from './java.mjs';

const VERSION = '4.1.2';
const LOGBACK_VERSION = '1.2.13';

/** 16 bytes in base64. Not beginning with '-', as one in 64 would by chance: it is an argument of a command, which takes that for an option. */
export function clusterId() {
  const bytes = randomBytes(16);
  bytes[0] &= 0x7f;
  return bytes.toString('base64url');
}

/** Apache Kafka, one process that is broker and controller (KRaft), from its jars. */
export const kafka = {
  ports: 3,
  packages: { debian: ['openjdk-17-jre-headless', 'maven'], commands: ['mvn'], java: true },
  address: ([port]) => `127.0.0.1:${port}`,
  stopSignal: 'SIGTERM',
  startLimitMs: 60_000,

  fetch: () => Promise.all([jars('org.apache.kafka', 'kafka_2.13', VERSION), jars('ch.qos.logback', 'logback-classic', LOGBACK_VERSION)]),

  /** Once per life of the data: what `command` then starts, as often as wanted. */
  async prepare(ports) {
    const folder = folderOf('kafka');
    mkdirSync(join(folder, 'conf'), { recursive: true });
    writeFileSync(join(folder, 'conf/logback.xml'), LOGBACK);
    writeFileSync(join(folder, 'conf/server.properties'), properties(ports, join(folder, 'data')));
    const [java, libraries] = await Promise.all([java17(), kafka.fetch()]);
    const format = ['format', '-t', clusterId(), '-c', join(folder, 'conf/server.properties')];
    await promisify(execFile)(java, [...JVM, '-XX:TieredStopAtLevel=1', '-cp', classPath(join(folder, 'conf'), ...libraries), 'kafka.tools.StorageTool', ...format],
      { timeout: 60_000 });
  },

  async command() {
    const folder = folderOf('kafka');
    const [java, libraries] = await Promise.all([java17(), kafka.fetch()]);
    const options = [...JVM, '-Xms256m', '-Xmx640m', `-Dlogback.configurationFile=${join(folder, 'conf/logback.xml')}`];
    return { program: java, args: [...options, '-cp', classPath(join(folder, 'conf'), ...libraries), 'kafka.Kafka', join(folder, 'conf/server.properties')] };
  },

  /** Answers once clients can do everything at once: the broker is known, and both coordinators have loaded their topics. */
  async check(address) {
    const { Kafka, logLevel } = (await import('kafkajs')).default;
    const client = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, connectionTimeout: 1000, requestTimeout: 3000, retry: { initialRetryTime: 100, retries: 5 } });
    const admin = client.admin();
    const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
    try {
      await admin.connect();
      await admin.fetchOffsets({ groupId: 'services-check' });
      await producer.connect();
    } finally {
      await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
    }
  },
};

/** Where only users of this name and password get in, who may do nothing but what an ACL allows them. Without a name anybody is a super user elsewhere. */
export const guarded = ({ ports }) => ({ address: `127.0.0.1:${ports[2]}`, username: 'visitor', password: 'visitor-hush' });

const properties = ([port, controller, guarded], data) => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},GUARDED://127.0.0.1:${guarded},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},GUARDED://127.0.0.1:${guarded}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.guarded.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_visitor="visitor-hush";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
log.dirs=${data}
# One broker: topics of its own cannot have replicas, and need few partitions.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Tests do not wait for members that never come.
group.initial.rebalance.delay.ms=0
# Topics are made by whoever wants them; a name with a slip in it stays unknown.
auto.create.topics.enable=false
delete.topic.enable=true
message.max.bytes=20000000
replica.fetch.max.bytes=20000000
# A broker that was killed may come back soon: its last session ends after this.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
`;
