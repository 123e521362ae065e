import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf } from './folder.mjs';
import { classPath, java17, jars, JVM, LOGBACK } from './java.mjs';

const VERSION = '5.0.6';

/** Apache Cassandra, one node, from its jars. */
export const cassandra = {
  ports: 3,
  packages: { debian: ['openjdk-17-jre-headless', 'maven'], commands: ['mvn'], java: true },
  address: ([port]) => `127.0.0.1:${port}`,
  stopSignal: 'SIGTERM',
  startLimitMs: 90_000,

  fetch: () => jars('org.apache.cassandra', 'cassandra-all', VERSION),

  async prepare(ports) {
    const folder = folderOf('cassandra');
    mkdirSync(join(folder, 'conf'), { recursive: true });
    writeFileSync(join(folder, 'conf/logback.xml'), LOGBACK);
    writeFileSync(join(folder, 'conf/cassandra.yaml'), settings(ports, folder));
    await Promise.all([java17(), cassandra.fetch()]);
  },

  async command() {
    const folder = folderOf('cassandra');
    const [java, libraries] = await Promise.all([java17(), cassandra.fetch()]);
    const agent = readdirSync(libraries).find(name => name.startsWith('jamm-'));
    const properties = {
      'cassandra.config': `file://${join(folder, 'conf/cassandra.yaml')}`,
      'logback.configurationFile': join(folder, 'conf/logback.xml'),
      'cassandra.storagedir': folder,
      'cassandra.logdir': folder,
      'cassandra-foreground': 'yes',
      // One node waits for no other.
      'cassandra.skip_wait_for_gossip_to_settle': 0,
      'cassandra.ring_delay_ms': 0,
      // Cassandra's own dispatch of requests, as its conf/jvm-server.options has it.
      'jdk.attach.allowAttachSelf': true,
      'io.netty.tryReflectionSetAccessible': true,
    };
    return { program: java, args: [
      ...JVM, '-Xms512m', '-Xmx768m', '-Xss512k', ...MODULES, `-javaagent:${join(libraries, agent)}`,
      ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
      '-cp', classPath(join(folder, 'conf'), libraries), 'org.apache.cassandra.service.CassandraDaemon',
    ] };
  },

  async check(address) {
    const { default: { Client } } = await import('cassandra-driver');
    const client = new Client({ contactPoints: [address], localDataCenter: 'datacenter1', socketOptions: { connectTimeout: 1500, readTimeout: 3000 } });
    try {
      await client.connect();
      await client.execute('SELECT release_version FROM system.local');
    } finally {
      await client.shutdown().catch(() => {});
    }
  },
};

/** What Cassandra opens up of Java's modules (conf/jvm17-server.options of its distribution). */
const MODULES = [
  ...['java.base/jdk.internal.misc', 'java.management.rmi/com.sun.jmx.remote.internal.rmi', 'java.rmi/sun.rmi.registry', 'java.rmi/sun.rmi.server',
    'java.sql/java.sql', 'java.base/java.lang.ref', 'jdk.unsupported/sun.misc'].map(name => `--add-exports=${name}=ALL-UNNAMED`),
  ...['java.base/java.lang.module', 'java.base/jdk.internal.loader', 'java.base/jdk.internal.ref', 'java.base/jdk.internal.reflect', 'java.base/jdk.internal.math',
    'java.base/jdk.internal.module', 'java.base/jdk.internal.util.jar', 'jdk.management/com.sun.management.internal', 'java.base/sun.nio.ch', 'java.base/java.io',
    'java.base/java.lang.reflect', 'java.base/java.lang', 'java.base/java.util'].map(name => `--add-opens=${name}=ALL-UNNAMED`),
];

const settings = ([port, storage, secure], folder) => `cluster_name: millrace
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider: [{ class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{ seeds: '127.0.0.1:${storage}' }] }]
listen_address: 127.0.0.1
storage_port: ${storage}
ssl_storage_port: ${secure}
rpc_address: 127.0.0.1
start_native_transport: true
native_transport_port: ${port}
data_file_directories: [${join(folder, 'data')}]
commitlog_directory: ${join(folder, 'commitlog')}
saved_caches_directory: ${join(folder, 'saved_caches')}
hints_directory: ${join(folder, 'hints')}
cdc_raw_directory: ${join(folder, 'cdc')}
commitlog_sync: periodic
commitlog_sync_period: 1000ms
auto_snapshot: false
`;
