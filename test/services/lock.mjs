import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOME } from './folder.mjs';
import { begun } from './process.mjs';

/** Runs `work` while no other process does so for the same name. A lock whose owner has died is taken over. */
export async function alone(name, limitMs, work) {
  mkdirSync(HOME, { recursive: true });
  const path = join(HOME, `${name}.lock`);
  const mine = JSON.stringify({ pid: process.pid, begun: begun(process.pid) });
  for (const until = Date.now() + limitMs; !take(path, mine);) {
    if (Date.now() > until) throw new Error(`${name}: another process has been at it for ${limitMs / 1000} s (${path})`);
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path, mine) {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    const text = readFileSync(path, 'utf8');
    // Empty: its owner is just writing it.
    if (text === '') return false;
    const owner = JSON.parse(text);
    if (begun(owner.pid) !== owner.begun) rmSync(path, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return false;
}
