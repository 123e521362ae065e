import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Starts a program that outlives this one, its output in a file. What comes back names the process for good: a number alone could be
 * another process by the time it is to be ended.
 */
export async function launch(program, args, { log, cwd, env, uid, gid }) {
  const file = openSync(log, 'a');
  try {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, uid, gid, detached: true, stdio: ['ignore', file, file] });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return { pid: child.pid, begun: begun(child.pid) };
  } finally {
    closeSync(file);
  }
}

/** When a process began, as the system tells it; null where there is none, or where it has ended and waits to be collected. */
export function begun(pid) {
  try {
    if (process.platform === 'linux') {
      // After the name in brackets, which may hold anything: state is the first field, start time the twentieth.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

export const isRunning = ({ pid, begun: then }) => then !== null && begun(pid) === then;

/** Sends a signal, to this very process only. Whether it was there. */
export function signal(target, name) {
  if (!isRunning(target)) return false;
  try {
    process.kill(target.pid, name);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Asks a process to end, and ends it if it does not within the time. */
export async function end(target, politely, limitMs) {
  // One that is paused hears no polite signal.
  signal(target, 'SIGCONT');
  signal(target, politely);
  if (await ends(target, limitMs)) return;
  signal(target, 'SIGKILL');
  if (!await ends(target, 5000)) throw new Error(`process ${target.pid} does not end`);
}

async function ends(target, limitMs) {
  for (const until = Date.now() + limitMs; isRunning(target);) {
    if (Date.now() > until) return false;
    await sleep(25);
  }
  return true;
}
