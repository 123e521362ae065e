import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf } from './folder.mjs';
import { classPath, java17, jars, JVM, LOGBACK } from './java.mjs';

const VERSION = '3.0.0';
const IDENTITY = 'millrace';
const CREDENTIAL = 'not-a-secret';

/**
 * S3Proxy: the protocol of S3 with signatures and multipart uploads, over a folder. Chosen since Maven and Java are here anyway for the
 * others. Of what it does otherwise than S3, one thing shows: parts of an upload that is not complete are listed as objects, at the top of
 * the bucket (`.mpus-…`), so tests list below a prefix.
 */
export const s3 = {
  ports: 1,
  packages: { debian: ['openjdk-17-jre-headless', 'maven'], commands: ['mvn'], java: true },
  address: ([port]) => `http://${IDENTITY}:${CREDENTIAL}@127.0.0.1:${port}`,
  stopSignal: 'SIGTERM',
  startLimitMs: 60_000,

  fetch: () => jars('org.gaul', 's3proxy', VERSION),

  async prepare([port]) {
    const folder = folderOf('s3');
    mkdirSync(join(folder, 'conf'), { recursive: true });
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(join(folder, 'conf/logback.xml'), LOGBACK);
    // It knows no checksums, which the client sends in headers beside the signature.
    writeFileSync(join(folder, 'conf/s3proxy.properties'), `s3proxy.endpoint=http://127.0.0.1:${port}
s3proxy.authorization=aws-v2-or-v4
s3proxy.identity=${IDENTITY}
s3proxy.credential=${CREDENTIAL}
s3proxy.ignore-unknown-headers=true
jclouds.provider=filesystem-nio2
jclouds.identity=none
jclouds.credential=none
jclouds.filesystem.basedir=${join(folder, 'data')}
`);
    await Promise.all([java17(), s3.fetch()]);
  },

  async command() {
    const folder = folderOf('s3');
    const [java, libraries] = await Promise.all([java17(), s3.fetch()]);
    return { program: java, args: [...JVM, '-XX:TieredStopAtLevel=1', '-Xmx256m', `-Dlogback.configurationFile=${join(folder, 'conf/logback.xml')}`,
      '-cp', classPath(libraries), 'org.gaul.s3proxy.Main', '--properties', join(folder, 'conf/s3proxy.properties')] };
  },

  /** Any answer to a request without a signature will do: it takes requests. */
  async check(address) {
    const { origin } = new URL(address);
    await (await fetch(origin, { signal: AbortSignal.timeout(2000) })).arrayBuffer();
  },
};
