import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Everything that services need or leave behind lies here: `jars/` is kept, the rest belongs to services that run. */
export const HOME = process.env.MILLRACE_SERVICES_FOLDER ?? fileURLToPath(new URL('../../.services', import.meta.url));

/** The folder of one service: its state, its log, its configuration and its data. */
export const folderOf = name => join(HOME, name);
export const logOf = name => join(folderOf(name), 'log');
const stateOf = name => join(folderOf(name), 'state.json');

/**
 * What is known of a service that was started: `process` (see process.mjs) or `docker`, `address`, `ports`, `since`, and `kept`: it is to
 * outlive the tests that use it.
 */
export function readState(name) {
  try {
    return JSON.parse(readFileSync(stateOf(name), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Written aside and renamed: whoever reads it sees all of it or the one before. */
export function writeState(name, state) {
  mkdirSync(folderOf(name), { recursive: true });
  const aside = `${stateOf(name)}.${process.pid}`;
  writeFileSync(aside, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(aside, stateOf(name));
}

export const clearFolder = name => rmSync(folderOf(name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/** The last lines of a service's log, for a message that says why it did not start. */
export function lastLines(name, count = 15) {
  try {
    return readFileSync(logOf(name), 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '(no log)';
  }
}
