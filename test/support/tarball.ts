import { execFile, type ExecFileException } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.ts';

export interface Tarball {
  readonly path: string;
  /** Packed, in bytes. */
  readonly size: number;
  readonly files: readonly string[];
}
interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const run = (command: string, args: readonly string[], cwd: string, timeoutMs: number): Promise<Finished> =>
  new Promise(resolve => {
    const shell = process.platform === 'win32';
    execFile(command, args, { cwd, timeout: timeoutMs, shell, maxBuffer: 2 ** 26 }, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
  });

/** Packs what is built. Without scripts: they would rebuild `dist` under the tests that run beside this one. */
export async function pack(into: string): Promise<Tarball> {
  const { code, stdout, stderr } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', into], root, 60_000);
  if (code !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const [report] = JSON.parse(stdout) as { filename: string; size: number; files: { path: string }[] }[];
  return { path: join(into, report!.filename), size: report!.size, files: report!.files.map(({ path }) => path) };
}

const NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/i;

/**
 * Installs the tarball into `folder` as a user would. Where no registry can be reached it is unpacked by hand and its dependencies are
 * linked from here: less of a test (npm has not resolved them), yet the files are the tarball's.
 */
export async function install(tarball: Tarball, folder: string): Promise<'npm' | 'by hand'> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=1', '--fetch-timeout=20000'];
  const { code, stderr } = await run('npm', ['install', tarball.path, ...flags], folder, 120_000);
  if (code === 0) return 'npm';
  if (code !== -1 && !NETWORK.test(stderr)) throw new Error(`npm install failed: ${stderr}`);
  const target = join(folder, 'node_modules/millrace');
  mkdirSync(target, { recursive: true });
  const unpacked = await run('tar', ['-xzf', tarball.path, '--strip-components=1', '-C', target], folder, 30_000);
  if (unpacked.code !== 0) throw new Error(`the tarball cannot be unpacked: ${unpacked.stderr}`);
  const { dependencies } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  return 'by hand';
}
