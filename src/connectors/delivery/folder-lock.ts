import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MillraceError } from '../../errors.js';

/** Folders of this process. */
const taken = new Set<string>();

/** When a process began, where the system tells: numbers of processes are used again. */
function beginOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19]!;
  } catch {
    return '';
  }
}
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Keeps a folder for one sink of one process: two would mix up what they write. A process that is gone holds nothing. */
export class FolderLock {
  private constructor(private readonly folder: string, private readonly path: string) {}

  /** Throws BAD_OPTION where another has it. REQUIRES: the folder is there. */
  static async take(folder: string, name: string): Promise<FolderLock> {
    const whole = resolve(folder);
    const path = join(whole, 'lock');
    const refused = (who: string): MillraceError => new MillraceError('BAD_OPTION', `${name}: ${who} uses the folder ${folder}; give each sink a folder of its own`);
    if (taken.has(whole)) throw refused('another sink');
    taken.add(whole);
    try {
      for (;;) {
        try {
          await writeFile(path, `${process.pid} ${beginOf(process.pid)}`, { flag: 'wx', mode: 0o600 });
          return new FolderLock(whole, path);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
        const [pid, begin] = (await readFile(path, 'utf8')).split(' ');
        if (Number(pid) !== process.pid && Number(pid) > 0 && runs(Number(pid)) && beginOf(Number(pid)) === (begin ?? '')) throw refused(`process ${pid}`);
        await rm(path, { force: true });
      }
    } catch (error) {
      taken.delete(whole);
      throw error;
    }
  }

  async release(): Promise<void> {
    await rm(this.path, { force: true }).catch(() => {});
    taken.delete(this.folder);
  }
}
