import { basename } from 'node:path';
import { MillraceError } from '../errors.js';
import { FolderStorage } from './parts/folder.js';
import { rolledSettings, type RolledOptions } from './parts/roll-options.js';
import { RolledSink } from './parts/rolled-sink.js';
import type { Sink } from './sink.js';

/** Options of `rolledFiles`. */
export interface RolledFilesOptions extends RolledOptions {
  /** The folder for the files, for this sink alone. It is made if it is not there. */
  readonly folder: string;
}

/**
 * Results in many files of a folder, one after another or one for each window, as JSON lines, CSV, Arrow or Parquet. Each is written as
 * `PATH.partial` and gets its name when it is complete.
 *
 *     await pipeline.to(rolledFiles({ folder: 'minutes', format: 'parquet', roll: { by: 'window' } })).run();
 */
export function rolledFiles(options: RolledFilesOptions): Sink {
  const { folder } = options;
  if (typeof folder !== 'string' || folder === '') throw new MillraceError('BAD_OPTION', 'rolledFiles: folder must be the path of a folder');
  const name = `rolledFiles(${basename(folder)})`;
  return new RolledSink(new FolderStorage(name, folder), rolledSettings(name, options));
}
