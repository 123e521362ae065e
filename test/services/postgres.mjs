import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { folderOf } from './folder.mjs';

const PASSWORD = 'not-a-secret';

/** PostgreSQL of the system's package, in a cluster of its own. */
export const postgres = {
  ports: 1,
  packages: { debian: ['postgresql'], present: () => binaries() !== null },
  address: ([port]) => `postgres://millrace:${PASSWORD}@127.0.0.1:${port}/postgres`,
  /** Fast shutdown: clients are sent away. */
  stopSignal: 'SIGINT',
  startLimitMs: 30_000,

  async fetch() {
    if (binaries() === null) throw new Error('no PostgreSQL found (initdb is neither on PATH nor in /usr/lib/postgresql); run: npm run services -- install');
  },

  async prepare() {
    await postgres.fetch();
    const user = owner();
    const data = dataFolder(user);
    const password = join(data, 'password');
    writeFileSync(password, PASSWORD);
    if (user !== null) chownSync(password, user.uid, user.gid);
    await promisify(execFile)(join(binaries(), 'initdb'), ['--pgdata', join(data, 'cluster'), '--username', 'millrace', '--pwfile', password, '--auth', 'scram-sha-256',
      '--encoding', 'UTF8', '--locale', 'C', '--no-sync'], { ...user, cwd: data, timeout: 60_000 });
  },

  async command([port]) {
    const data = join(folderOf('postgres'), 'data');
    // What a power cut would lose does not matter here, and a test that stops the server does not cut the power.
    const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off', 'max_connections=100', 'shared_buffers=128MB', 'max_wal_size=2GB'];
    return { program: join(binaries(), 'postgres'), args: ['-D', join(data, 'cluster'), ...settings.flatMap(setting => ['-c', setting])], cwd: data, ...owner() };
  },

  async check(address) {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
    } finally {
      await client.end().catch(() => {});
    }
  },
};

/** The folder with initdb and postgres, of the newest release there is. */
function binaries() {
  const packaged = '/usr/lib/postgresql';
  const releases = existsSync(packaged) ? readdirSync(packaged).sort((a, b) => Number(b) - Number(a)).map(name => join(packaged, name, 'bin')) : [];
  return [...releases, ...(process.env.PATH ?? '').split(':')].find(folder => folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null;
}

/** Whom the server runs as: it refuses to run as root. Null: as whoever we are. */
function owner() {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = flag => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // The next one.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
}

/** A folder that the user may reach: below ours, or, where ours lies in somebody's closed home, a temporary one that ours links to. */
function dataFolder(user) {
  const wanted = join(folderOf('postgres'), 'data');
  if (user === null || reachable(dirname(wanted))) {
    mkdirSync(wanted, { recursive: true, mode: 0o700 });
    if (user !== null) chownSync(wanted, user.uid, user.gid);
    return wanted;
  }
  const elsewhere = mkdtempSync(join(tmpdir(), 'millrace-postgres-'));
  chmodSync(elsewhere, 0o700);
  chownSync(elsewhere, user.uid, user.gid);
  symlinkSync(elsewhere, wanted);
  return elsewhere;
}

function reachable(folder) {
  for (let path = folder; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
