import { execFileSync } from 'node:child_process';
import { java17 } from './java.mjs';
import { SERVICES } from './services.mjs';

/** Gets what the services need and is not there. Uses nothing but Node's own modules: it may run while `npm ci` does. */
export async function install(names) {
  const missing = new Set();
  for (const name of names) for (const item of await lacking(SERVICES[name].packages)) missing.add(item);
  if (missing.size > 0) aptInstall([...missing]);
  await Promise.all(names.map(async name => {
    await SERVICES[name].fetch();
    console.log(`${name}: all that it needs is there`);
  }));
}

async function lacking({ debian, commands = [], java = false, present = () => true }) {
  const there = present() && commands.every(isCommand) && (!java || await java17().then(() => true, () => false));
  return there ? [] : debian;
}

function isCommand(name) {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function aptInstall(packages) {
  const wanted = `missing: ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !isCommand('apt-get')) throw new Error(`${wanted}; only root on Debian or Ubuntu gets them installed, so install them yourself`);
  console.log(wanted);
  const apt = args => execFileSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  apt(['update', '-qq']);
  // Debian starts a cluster of its own with PostgreSQL, which nobody wants here.
  if (packages.includes('postgresql')) execFileSync('sh', ['-c', 'mkdir -p /etc/postgresql-common && [ -e /etc/postgresql-common/createcluster.conf ] || echo create_main_cluster = false > /etc/postgresql-common/createcluster.conf']);
  apt(['install', '-y', '-qq', '--no-install-recommends', '--no-upgrade', '-o', 'Dpkg::Options::=--force-confold', ...packages]);
}
