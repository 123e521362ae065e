import { parseArgs } from 'node:util';
import { install } from './install.mjs';
import { NAMES } from './services.mjs';
import { table } from './table.mjs';

const HELP = `Usage: npm run services -- ACTION [NAME ...]

Real servers for tests and examples, on free ports of the loopback interface.

  up        start them, all at once, and wait until they answer; those that run are left as they are
  down      end those that were started here, and remove their data
  status    a table: state, address, process
  install   get what they need: packages of the system (Debian or Ubuntu, as root), jars

Names: ${NAMES.join(' ')}; none means all (for down and status: all that were started).

  --json    status as JSON
  --help    this text

With a Docker engine that runs, they are containers (test/services/compose.yaml); without, or with MILLRACE_SERVICES=packages, programs:
Kafka, Cassandra and S3Proxy from Maven under Java 17, PostgreSQL of the system. Everything lies in .services/: NAME/log is what a server says;
jars/ stays when all else is gone.
`;

const fail = message => {
  console.error(message);
  process.exit(1);
};

async function main() {
  const { values, positionals: [action, ...asked] } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' }, json: { type: 'boolean' } } });
  if (values.help || action === undefined) return process.stdout.write(HELP);
  const unknown = asked.filter(name => !NAMES.includes(name));
  if (unknown.length > 0) fail(`unknown: ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  const names = asked.length > 0 ? [...new Set(asked)] : NAMES;
  if (action === 'install') return install(names);
  // Clients of the services are packages of npm, which `install` has to do without.
  const services = await import('./lifecycle.mjs');
  if (action === 'up') {
    const begun = Date.now();
    const outcomes = await Promise.allSettled(names.map(async name => {
      await services.up(name, { keep: true });
      console.log(`${name} answers after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    }));
    console.log(await table(names, services.status));
    const failures = outcomes.filter(({ status }) => status === 'rejected');
    if (failures.length > 0) fail(failures.map(({ reason }) => reason.message).join('\n\n'));
  } else if (action === 'down') {
    await Promise.all(names.map(async name => await services.down(name) && console.log(`${name} has ended`)));
  } else if (action === 'status') {
    if (values.json) console.log(JSON.stringify(Object.fromEntries(await Promise.all(names.map(async name => [name, await services.status(name)]))), null, 2));
    else console.log(await table(names, services.status));
  } else fail(`unknown action ${action}; see --help`);
}

await main().catch(error => fail(error.message));
