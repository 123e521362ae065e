import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { OutputPlace } from '../output-place.js';
import type { PartOutput, PartStorage } from './storage.js';

/** Files in a folder of this machine. */
export class FolderStorage implements PartStorage {
  constructor(readonly name: string, private readonly folder: string) {}

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
  }

  async create(path: string): Promise<PartOutput> {
    const target = join(this.folder, path);
    await mkdir(dirname(target), { recursive: true });
    const place = new OutputPlace(target, this.name);
    try {
      return new FilePart(place, await open(place.writtenPath, 'w'));
    } catch (error) {
      await place.discard();
      throw error;
    }
  }

  async list(prefix: string): Promise<string[]> {
    // The folder that the last `/` of the prefix leads to, and what is below it.
    const below = join(this.folder, prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const entries: Dirent[] = await readdir(below, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return entries.filter(entry => entry.isFile()).map(entry => relative(this.folder, join(entry.parentPath, entry.name)).split(sep).join('/')).filter(path => path.startsWith(prefix));
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(join(this.folder, path), { force: true });
  }

  stop(): void {}
  close(): void {}
}

class FilePart implements PartOutput {
  constructor(private readonly place: OutputPlace, private readonly file: FileHandle) {}

  async write(bytes: Uint8Array): Promise<void> {
    await this.file.writeFile(bytes);
  }

  async complete(): Promise<void> {
    await this.file.sync();
    await this.file.close();
    await this.place.complete();
  }

  async discard(): Promise<void> {
    await this.file.close().catch(() => {});
    await this.place.discard();
  }
}
