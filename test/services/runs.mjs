import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOME, readState } from './folder.mjs';
import { down, up } from './lifecycle.mjs';
import { begun } from './process.mjs';
import { NAMES } from './services.mjs';

const FOLDER = join(HOME, 'runs');
const OF_THIS_RUN = 'MILLRACE_TEST_RUN';

/** Notes that this process, a run of tests, a benchmark or a campaign, uses the services as long as it lives, so that another one beside it does not end them. */
export function note() {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, String(process.pid)), begun(process.pid) ?? '');
  // Once, however often it is called.
  process.off('exit', forget).once('exit', forget);
}
const forget = () => rmSync(join(FOLDER, String(process.pid)), { force: true });

/** A run of tests begins. */
export function enter() {
  note();
  process.env[OF_THIS_RUN] = String(process.pid);
}

/** Ends what tests have started, unless another run still uses it or it was started by hand. */
export async function leave() {
  forget();
  for (const name of NAMES) rmSync(failureOf(name, process.pid), { force: true });
  const others = readdirSync(FOLDER).filter(file => /^\d+$/.test(file) && begun(Number(file)) === readFileSync(join(FOLDER, file), 'utf8'));
  if (others.length > 0) return;
  await Promise.all(NAMES.filter(name => readState(name)?.kept === false).map(name => down(name)));
}

/** Starts a service for tests or a benchmark; a run of tests that could not start it does not try again. */
export async function use(name) {
  const run = process.env[OF_THIS_RUN];
  const failed = failureOf(name, run);
  if (run === undefined) note();
  else throwWhatIsIn(failed);
  try {
    return await up(name);
  } catch (error) {
    if (run !== undefined) writeFileSync(failed, error.message);
    throw error;
  }
}

const failureOf = (name, run) => join(FOLDER, `${run}.${name}.failed`);

function throwWhatIsIn(file) {
  let reason;
  try {
    reason = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  throw new Error(reason);
}
