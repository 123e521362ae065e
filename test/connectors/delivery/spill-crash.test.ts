import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Delivery } from '../../../src/connectors/delivery/delivery.ts';
import { deliveryLimits } from '../../../src/connectors/delivery/options.ts';
import { MemoryStore } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Spills to the log for ever, and says how far it has come. */
const PROGRAM = `
  import { Delivery } from ${JSON.stringify(new URL('../../../dist/src/connectors/delivery/delivery.js', import.meta.url).href)};
  import { deliveryLimits } from ${JSON.stringify(new URL('../../../dist/src/connectors/delivery/options.js', import.meta.url).href)};
  const store = { name: 'memory(test)', layout: 'numbers', isTransient: () => true, describe: String,
    send: () => Promise.reject(new Error('away')), encode: parcel => Buffer.from(JSON.stringify(parcel)), decode: bytes => JSON.parse(bytes) };
  const delivery = new Delivery(store, deliveryLimits(store.name, { prefer: 'availability', spill: { folder: process.argv[1] } }));
  await delivery.open();
  for (let n = 0; ; n++) {
    await delivery.deliver({ rows: 1, n, padding: 'x'.repeat(2000) });
    process.stdout.write(n + '\\n');
  }`;

test('a process that is killed while it spills has lost nothing that counted as delivered', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, join(folder, 'log')], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ended = new Promise(resolve => child.on('close', resolve));
  child.stdout.on('data', data => {
    output += String(data);
    if (output.split('\n').length > 200) child.kill('SIGKILL');
  });
  await ended;
  const said = output.trimEnd().split('\n').length;
  const store = new MemoryStore();
  const delivery = new Delivery(store, deliveryLimits(store.name, { prefer: 'availability', spill: { folder: join(folder, 'log') } }));
  await delivery.open();
  await delivery.close();
  // The last may have come in whole without having been said.
  expect(store.arrived.length).toBeGreaterThanOrEqual(said);
  expect(store.arrived).toEqual(store.arrived.map((_, n) => n));
});
