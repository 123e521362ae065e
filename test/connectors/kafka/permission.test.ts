import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs';
import { createEngine, rows, schema, stream, t } from 'millrace';
import { kafka as kafkaSource, kafkaSink, type KafkaOptions, type KafkaSinkOptions } from 'millrace/kafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kafka, makeTopic, produce, unique, useBroker } from '../../support/kafka.ts';
import { guardedKafka, service } from '../../support/services.ts';

const broker = useBroker(await service('kafka'));
const engine = createEngine({ workers: 1, heap: '128MiB' });
afterAll(() => engine.close());
const Row = schema({ n: t.int32 });

/** A user who may do nothing but what these tests allow it. */
describe.skipIf(broker === null)('a user of few permissions', () => {
  const { address, username, password } = broker === null ? { address: '', username: '', password: '' } : guardedKafka();
  const connection = { brokers: [address], sasl: { mechanism: 'plain', username, password } };
  const groupId = unique('permitted');
  let topics: { full: string; described: string; hidden: string };
  beforeAll(async () => {
    const [full, described, hidden] = await Promise.all([makeTopic('full'), makeTopic('described'), makeTopic('hidden')]) as [string, string, string];
    topics = { full, described, hidden };
    const admin = kafka().admin();
    await admin.connect();
    const allow = (resourceType: AclResourceTypes, resourceName: string, ...operations: AclOperationTypes[]) => operations.map(operation =>
      ({ resourceType, resourceName, operation, resourcePatternType: ResourcePatternTypes.LITERAL, principal: `User:${username}`, host: '*', permissionType: AclPermissionTypes.ALLOW }));
    await admin.createAcls({ acl: [
      ...allow(AclResourceTypes.TOPIC, full, AclOperationTypes.READ, AclOperationTypes.WRITE), ...allow(AclResourceTypes.TOPIC, described, AclOperationTypes.DESCRIBE),
      ...allow(AclResourceTypes.GROUP, groupId, AclOperationTypes.READ),
    ] });
    await admin.disconnect();
    for (const topic of Object.values(topics)) await produce(topic, [{ value: '{"n":1}' }]);
  });

  const failure = async (job: Promise<unknown>): Promise<string> => {
    const error = await job.then(() => null, (thrown: unknown) => thrown as Error);
    expect(JSON.stringify([error?.message, error?.stack, (error?.cause as Error | undefined)?.stack])).not.toContain('hush');
    return error?.message ?? 'nothing';
  };
  const read = (options: Partial<KafkaOptions> = {}) => stream(kafkaSource({ ...connection, topic: topics.full, groupId, until: 'latest', ...options }), Row).collect({ engine });
  const write = (topic: string, options: Partial<KafkaSinkOptions> = {}) => stream(rows([{ n: 2 }]), Row).to(kafkaSink({ ...connection, topic, ...options })).run({ engine });

  test('reads and writes what it may, with its name and password', async () => {
    expect(await read({ committed: 'ignore' })).toEqual([{ n: 1 }]);
    await write(topics.full);
    expect(await read({ committed: 'ignore' })).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('a topic or a group that it may not read ends the job: the error names it and what is needed, and holds no secret', async () => {
    const needs = (topic: string, group = groupId): string => `READ on the topic '${topic}' and on the group '${group}'`;
    for (const topic of [topics.described, topics.hidden]) {
      expect(await failure(read({ topic }))).toMatch(/^SOURCE_FAILED: kafka\(.*TOPIC_AUTHORIZATION_FAILED/);
      expect(await failure(read({ topic }))).toContain(`the user needs ${needs(topic)}`);
    }
    const other = unique('theirs');
    expect(await failure(read({ groupId: other }))).toContain(needs(topics.full, other));
  });

  test('a topic that it may not write to ends the job likewise', async () => {
    for (const topic of [topics.described, topics.hidden]) {
      expect(await failure(write(topic))).toMatch(new RegExp(`^SINK_FAILED: kafka\\(${topic}\\).*TOPIC_AUTHORIZATION_FAILED\\): the user needs WRITE on the topic '${topic}'$`));
    }
    expect(await failure(write(unique('new'), { createTopic: { partitions: 1 } }))).toContain(', and CREATE to make it');
  });
});
