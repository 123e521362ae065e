import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HOME } from './folder.mjs';

const FILE = fileURLToPath(new URL('compose.yaml', import.meta.url));
/** One project for each folder of services, so that two copies of the sources do not end each other's containers. */
const PROJECT = `millrace-${createHash('sha256').update(HOME).digest('hex').slice(0, 8)}`;
const run = promisify(execFile);

/** Whether an engine answers and knows `compose`. Asked once. */
export const hasDocker = (() => {
  let answer;
  return () => answer ??= Promise.all([run('docker', ['info'], { timeout: 5000 }), run('docker', ['compose', 'version'], { timeout: 5000 })]).then(() => true, () => false);
})();

/** `docker compose` for one service; its ports on the loopback interface come from us, so that they stay the same over a restart. */
export async function compose(action, name, ports, limitMs = 60_000) {
  const args = { up: ['up', '--detach', '--no-deps', name], down: ['rm', '--stop', '--force', '--volumes', name] }[action] ?? [action, name];
  const { stdout, stderr } = await run('docker', ['compose', '--project-name', PROJECT, '--file', FILE, ...args],
    { timeout: limitMs, env: { ...process.env, ...Object.fromEntries(ports.map((port, i) => [`${name.toUpperCase()}_PORT${i === 0 ? '' : `_${i + 1}`}`, String(port)])) } });
  return stdout + stderr;
}

/** Whether its container runs. */
export const composeRuns = async (name, ports) =>
  (await compose('ps', name, ports)).split('\n').some(line => line.includes(name) && /\b(Up|running)\b/.test(line) && !line.includes('Paused'));
