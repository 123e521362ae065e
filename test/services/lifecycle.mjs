import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compose, composeRuns, hasDocker } from './docker.mjs';
import { clearFolder, folderOf, lastLines, logOf, readState, writeState } from './folder.mjs';
import { alone } from './lock.mjs';
import { connects, freePorts } from './ports.mjs';
import { end, isRunning, launch } from './process.mjs';
import { SERVICES } from './services.mjs';

const STOP_LIMIT_MS = 12_000;
/** Long enough for another process that downloads and starts it. */
const LOCK_LIMIT_MS = 400_000;

/** Starts a service if it does not run, and resolves to its state once it answers. `keep`: tests that use it leave it running. */
export const up = (name, { keep = false, say = () => {} } = {}) => alone(name, LOCK_LIMIT_MS, async () => {
  const found = readState(name);
  if (found !== null && await runs(name, found)) {
    await answers(name, found);
    if (!keep || found.kept) return found;
    writeState(name, { ...found, kept: true });
    return readState(name);
  }
  await sweep(name, found);
  const ports = await freePorts(SERVICES[name].ports);
  mkdirSync(folderOf(name), { recursive: true });
  const state = { kind: await hasDocker() && process.env.MILLRACE_SERVICES !== 'packages' ? 'docker' : 'packages', process: null,
    address: SERVICES[name].address(ports), ports, since: new Date().toISOString(), kept: keep };
  try {
    if (state.kind === 'packages') await SERVICES[name].prepare(ports, say);
    return await begin(name, state);
  } catch (error) {
    const reason = new Error(`${name} could not be started: ${error.message}\n${lastLines(name)}`, { cause: error });
    await sweep(name, readState(name));
    throw reason;
  }
});

/** Ends a service, if it runs, and removes its data. */
export const down = name => alone(name, LOCK_LIMIT_MS, async () => {
  const state = readState(name);
  const wasRunning = state !== null && await runs(name, state);
  await sweep(name, state);
  return wasRunning;
});

/** Ends the process and starts it again with the same data on the same port. */
export async function restart(name) {
  await stop(name);
  return start(name);
}

/** Ends the process; data and port stay for `start`. `crash`: without a chance to tidy up. */
export const stop = (name, { crash = false } = {}) => alone(name, LOCK_LIMIT_MS, async () => {
  const state = known(name);
  if (state.kind === 'docker') await compose(crash ? 'kill' : 'stop', name, state.ports);
  else await end(state.process, crash ? 'SIGKILL' : SERVICES[name].stopSignal, STOP_LIMIT_MS);
});

/** Starts a service that `stop` has ended. */
export const start = name => alone(name, LOCK_LIMIT_MS, () => begin(name, known(name)));

/** Has a service hold its breath: it neither answers nor closes a connection until `resume`. */
export async function pause(name) {
  const state = known(name);
  if (state.kind === 'docker') await compose('pause', name, state.ports);
  else signalAll(state, 'SIGSTOP');
}

export async function resume(name) {
  const state = known(name);
  if (state.kind === 'docker') await compose('unpause', name, state.ports);
  else signalAll(state, 'SIGCONT');
}

/** The state of a service, and whether it answers; null where none was started. */
export async function status(name) {
  const state = readState(name);
  if (state === null) return null;
  if (!await runs(name, state)) return { ...state, health: 'ended' };
  return { ...state, health: await within(5000, SERVICES[name].check(state.address)).then(() => 'up', error => `does not answer: ${error.message}`) };
}

/** What a client has begun goes on behind it, and comes to its own end. */
const within = (limitMs, promise) => {
  const limit = new AbortController();
  const late = sleep(limitMs, undefined, { signal: limit.signal }).then(() => { throw new Error(`nothing within ${limitMs / 1000} s`); });
  return Promise.race([promise, late]).finally(() => limit.abort());
};

const runs = (name, state) => state.kind === 'docker' ? composeRuns(name, state.ports).catch(() => false) : state.process !== null && isRunning(state.process);

function known(name) {
  const state = readState(name);
  if (state === null) throw new Error(`${name} has not been started`);
  return state;
}

async function begin(name, state) {
  if (state.kind === 'docker') {
    writeState(name, state);
    await compose('up', name, state.ports, 300_000);
  } else {
    const command = await SERVICES[name].command(state.ports);
    writeState(name, { ...state, process: await launch(command.program, command.args, { cwd: folderOf(name), ...command, log: logOf(name) }) });
  }
  await answers(name, readState(name));
  return readState(name);
}

/** Resolves when a service does its work; rejects when its process ends or the time is up. */
async function answers(name, state) {
  for (const until = Date.now() + SERVICES[name].startLimitMs; ;) {
    // A client costs much more than a look at the port, which takes no one as long as a server starts.
    const failure = await connects(state.ports[0]).then(() => SERVICES[name].check(state.address)).then(() => null, error => error);
    if (failure === null) return;
    if (!await runs(name, state)) throw new Error('it has ended');
    if (Date.now() > until) throw new Error(`it does not answer within ${SERVICES[name].startLimitMs / 1000} s: ${failure.message}`);
    await sleep(100);
  }
}

/** Ends what runs, and removes what is left of it. */
async function sweep(name, state) {
  if (state?.kind === 'docker') await compose('down', name, state.ports);
  else if (state?.process) await end(state.process, SERVICES[name].stopSignal, STOP_LIMIT_MS);
  removeData(name);
}

/** A service's data may lie elsewhere, behind a link (see postgres.mjs). */
function removeData(name) {
  try {
    const data = join(folderOf(name), 'data');
    const place = realpathSync(data);
    if (place.includes(`millrace-${name}-`)) rmSync(place, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  clearFolder(name);
}

/** PostgreSQL has a process for each connection, all in the group of the first. */
function signalAll({ process: target }, name) {
  if (!isRunning(target)) throw new Error(`process ${target.pid} has ended`);
  process.kill(-target.pid, name);
}
