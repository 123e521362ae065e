import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { lifecycle, service } from './support/services.ts';

const postgres = await service('postgres', { alone: true });

/** The servers that other tests rely on can be stopped, paused and started again without losing anything. */
describe.skipIf(postgres === null)('a service', () => {
  const query = async (text: string): Promise<unknown[]> => {
    const client = new Client({ connectionString: postgres!, connectionTimeoutMillis: 500 });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(text)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  };

  test('keeps its data and its address over a stop and a crash', async () => {
    await query('create table services_test (n int)');
    await query('insert into services_test values (1)');
    await lifecycle.stop('postgres');
    await expect(query('select 1')).rejects.toThrow('ECONNREFUSED');
    await lifecycle.start('postgres');
    await query('insert into services_test values (2)');
    await lifecycle.stop('postgres', { crash: true });
    await expect(query('select 1')).rejects.toThrow('ECONNREFUSED');
    await lifecycle.start('postgres');
    expect(await query('select n from services_test order by n')).toEqual([{ n: 1 }, { n: 2 }]);
    await query('drop table services_test');
  });

  test('does not answer while it is paused', async () => {
    await lifecycle.pause('postgres');
    try {
      await expect(query('select 1')).rejects.toThrow('timeout');
    } finally {
      await lifecycle.resume('postgres');
    }
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('npm run services', () => {
  const command = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [fileURLToPath(new URL('services/run.mjs', import.meta.url)), ...args]);

  test('says what it does, and what it does not know', async () => {
    expect((await command('--help')).stdout).toContain('kafka postgres cassandra s3');
    await expect(command('up', 'mysql')).rejects.toThrow('unknown: mysql');
    await expect(command('begin')).rejects.toThrow('unknown action begin');
  });

  test.skipIf(postgres === null)('shows where a service is', async () => {
    const { stdout } = await command('status', 'postgres', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ postgres: { health: 'up', address: postgres } });
  });
});

test('the end of a run of tests leaves services to a benchmark that uses them', async () => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-services-'));
  const { MILLRACE_TEST_RUN: _thisRun, ...others } = process.env;
  const env = { ...others, MILLRACE_SERVICES_FOLDER: home };
  const runs = JSON.stringify(new URL('services/runs.mjs', import.meta.url).href);
  const node = (code: string): ChildProcess => spawn(process.execPath, ['--input-type=module', '-e', `import * as runs from ${runs};\n${code}`], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const testsRun = async (): Promise<boolean> => {
    await once(node('runs.enter(); await runs.leave();'), 'exit');
    return existsSync(join(home, 's3', 'state.json'));
  };
  try {
    // A server that is gone: what is left to see is whether anybody tidied up behind it.
    mkdirSync(join(home, 's3'), { recursive: true });
    writeFileSync(join(home, 's3', 'state.json'), JSON.stringify({ kind: 'packages', process: null, address: '127.0.0.1:1', ports: {}, kept: false }));
    // There is no such service: what counts is that it was asked for.
    const bench = node("await runs.use('nothing').catch(() => {}); console.log('asked'); process.stdin.resume().once('end', () => process.exit());");
    await once(bench.stdout!, 'data');
    expect(await testsRun()).toBe(true);
    bench.stdin!.end();
    await once(bench, 'exit');
    expect(await testsRun()).toBe(false);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('the id of a Kafka cluster is never taken for an option', async () => {
  const { clusterId } = await import(new URL('./services/kafka.mjs', import.meta.url).href) as { clusterId(): string };
  for (let draw = 0; draw < 1000; draw++) expect(clusterId()).toMatch(/^[A-Za-z0-9][\w-]{21}$/);
});
