import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));
const END_WITHIN_MS = 20_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command in an empty folder of its own, with job files written there. */
export class Workshop {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'millrace-cli-'));

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  start(args: readonly string[], environment: Record<string, string> = {}): Running {
    return new Running(spawn(process.execPath, [bin, ...args], { cwd: this.folder, env: { ...process.env, MILLRACE_DEBUG: '', ...environment } }));
  }

  millrace(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Running {
  #stdout = '';
  #stderr = '';
  readonly ended: Promise<Ended>;

  constructor(readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.setEncoding('utf8').on('data', (text: string) => { this.#stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { this.#stderr += text; });
    this.ended = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the command did not end in time; so far: ${this.#stdout}${this.#stderr}`));
      }, END_WITHIN_MS);
      child.on('close', code => {
        clearTimeout(timer);
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Waits until the command has printed `text`, on either stream. Ends with the command. */
  async prints(text: string): Promise<void> {
    let over = false;
    void this.ended.then(() => { over = true; }, () => { over = true; });
    while (!this.#stdout.includes(text) && !this.#stderr.includes(text)) {
      if (over) throw new Error(`the command ended without printing '${text}'; it printed: ${this.#stdout}${this.#stderr}`);
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  }
}
