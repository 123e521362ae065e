import { readFileSync } from 'node:fs';

/** The address of a server that `npm run services -- up NAME` has started; see test/services. */
export function startedServer(name) {
  try {
    return JSON.parse(readFileSync(new URL(`../../.services/${name}/state.json`, import.meta.url), 'utf8')).address;
  } catch {
    throw new Error(`--${name} without an address is for a server that npm run services -- up ${name} has started, and there is none`);
  }
}
