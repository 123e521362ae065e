import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { HOME } from './folder.mjs';
import { alone } from './lock.mjs';

const run = promisify(execFile);
const DOWNLOAD_LIMIT_MS = 240_000;

/** The `java` of a Java 17: the one release that Kafka 4 and Cassandra 5 both run on. */
export async function java17() {
  const homes = existsSync('/usr/lib/jvm') ? readdirSync('/usr/lib/jvm').filter(name => /\b17\b/.test(name)).map(name => `/usr/lib/jvm/${name}`) : [];
  const candidates = [process.env.JAVA_HOME, ...homes].filter(Boolean).map(home => join(home, 'bin/java')).filter(path => existsSync(path)).concat('java');
  const seen = [];
  for (const java of candidates) {
    const version = await run(java, ['-version']).then(({ stderr }) => /version "(\d+)/.exec(stderr)?.[1], () => null);
    if (version === '17') return java;
    if (version) seen.push(version);
  }
  throw new Error(`no Java 17 found (${seen.length === 0 ? 'no Java at all' : `only ${[...new Set(seen)].join(', ')}`}); set JAVA_HOME, or run: npm run services -- install`);
}

/** A folder with an artifact of Maven Central and all it needs, downloaded once. */
export async function jars(group, artifact, version) {
  const folder = join(HOME, 'jars', `${artifact}-${version}`);
  if (existsSync(folder)) return folder;
  return alone(`jars-${artifact}`, DOWNLOAD_LIMIT_MS + 10_000, async () => {
    if (existsSync(folder)) return folder;
    const aside = `${folder}.part`;
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true });
    writeFileSync(join(aside, 'pom.xml'), `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>millrace</groupId><artifactId>services</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency></dependencies>
</project>\n`);
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    await run('mvn', ['-q', '-B', '-ntp', goal, '-DoutputDirectory=.', '-DincludeScope=runtime'], { cwd: aside, timeout: DOWNLOAD_LIMIT_MS, maxBuffer: 1 << 24 })
      .catch(error => { throw new Error(error.code === 'ENOENT' ? 'no Maven found (mvn); run: npm run services -- install' : `Maven failed: ${firstErrors(error)}`); });
    renameSync(aside, folder);
    return folder;
  });
}

const firstErrors = error => `${error.stdout ?? ''}${error.stderr ?? ''}`.split('\n').filter(line => line.includes('ERROR')).slice(0, 3).join('\n') || error.message;

export const classPath = (...folders) => folders.map(folder => folder.endsWith('conf') ? folder : join(folder, '*')).join(delimiter);

/** Starts soon and keeps small. The slow, thorough compiler stays on: a broker that only interprets would take the cores from what is tested. */
export const JVM = ['-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError', '-XX:-UsePerfData', '-Xshare:auto'];

/** Logs to standard output, warnings and what a server says of its start. */
export const LOGBACK = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%-5level %date{HH:mm:ss.SSS} %logger{20} %msg%n</pattern></encoder></appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>\n`;
