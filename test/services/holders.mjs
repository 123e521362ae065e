import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOME } from './folder.mjs';
import { alone } from './lock.mjs';
import { begun } from './process.mjs';

const WAIT_LIMIT_MS = 300_000;

/**
 * Who uses a service: many at once, or one that may stop and pause it. Resolves, once the service is free for that, to what gives it back; a
 * process that dies gives back all it holds.
 */
export async function hold(name, exclusively) {
  const folder = join(HOME, 'holders', name);
  mkdirSync(folder, { recursive: true });
  const mine = join(folder, `${process.pid}.${begun(process.pid)}.${exclusively ? 'alone' : 'shared'}`);
  const tryOnce = () => alone(`${name}.holders`, 10_000, async () => {
    const others = readdirSync(folder).filter(file => {
      const [pid, then] = file.split('.');
      if (Number(pid) === process.pid) return false;
      if (begun(Number(pid)) === then) return true;
      rmSync(join(folder, file), { force: true });
      return false;
    });
    if (others.some(file => exclusively || file.endsWith('.alone'))) return false;
    writeFileSync(mine, '');
    return true;
  });
  for (const until = Date.now() + WAIT_LIMIT_MS; !await tryOnce();) {
    if (Date.now() > until) throw new Error(`${name} is used by other tests for more than ${WAIT_LIMIT_MS / 1000} s`);
    await sleep(100);
  }
  return () => rmSync(mine, { force: true });
}
