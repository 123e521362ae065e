import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../errors.js';
import { PART_FORMATS, type PartFormat } from './encoder.js';

/** What all sinks that write many files have in common. */
export interface RolledOptions {
  /** 'jsonl' (default), 'csv' with names first, 'arrow' (Arrow IPC files), or 'parquet', which needs the package hyparquet-writer. */
  readonly format?: PartFormat;
  /** When a file is complete and the next begins. */
  readonly roll?: RollOptions;
  /**
   * Without `roll.by`: what the names of files begin with. A run of the same name replaces the files of an earlier one. Letters, digits, `.`, `_` and `-`.
   * Default: the time of the start and six random digits, so that every run adds files.
   */
  readonly run?: string;
}

/** When a file is complete and the next begins: at whichever limit is reached first. */
export interface RollOptions {
  /** 'window': results of different windows go to different files, in a folder for each window; they must have a column `windowStart`. Default: no matter. */
  readonly by?: 'window';
  /** Bytes of a file, about: it is complete at the end of the batch that reaches them. Default 134,217,728: 128 MiB. */
  readonly bytes?: number;
  /** Rows of a file. Default: no limit. */
  readonly rows?: number;
  /** Milliseconds after its first row. Default 300,000: 5 minutes. */
  readonly everyMs?: number;
  /** The most files that are open at once; of more, the one that was not written to for longest is completed. Default 16. */
  readonly maxOpen?: number;
}

export interface RolledSettings {
  readonly format: PartFormat;
  readonly byWindow: boolean;
  readonly limits: Required<Omit<RollOptions, 'by'>>;
  readonly run: string;
  /** Whether files of an earlier run may have the same names. */
  readonly replaces: boolean;
}

const LIMITS = { bytes: 128 * 2 ** 20, rows: Infinity, everyMs: 300_000, maxOpen: 16 };

/** Options with their defaults. Throws BAD_OPTION. `name`: the sink's. */
export function rolledSettings(name: string, { format = 'jsonl', roll = {}, run }: RolledOptions): RolledSettings {
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `${name}: ${message}`);
  };
  if (!PART_FORMATS.includes(format)) wrong(`there is no format '${String(format)}'; there are ${PART_FORMATS.join(', ')}`);
  const { by, ...given } = roll;
  if (by !== undefined && by !== 'window') wrong('roll.by must be \'window\', or left out');
  for (const [option, value] of Object.entries(given)) {
    if (!Object.hasOwn(LIMITS, option)) wrong(`roll has no option '${option}'; it has by, ${Object.keys(LIMITS).join(', ')}`);
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) wrong(`roll.${option} must be a positive whole number`);
  }
  if (given.everyMs !== undefined && given.everyMs > 2 ** 31 - 1) wrong('roll.everyMs must be below 2,147,483,648: 24 days');
  if (run !== undefined && by !== undefined) wrong('with roll.by, files are named by their windows: leave out run');
  if (run !== undefined && !/^[\w.-]{1,200}$/.test(run)) wrong('run must be of letters, digits, \'.\', \'_\' and \'-\', at most 200');
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { format, byWindow: by === 'window', limits: { ...LIMITS, ...defined }, run: run ?? newRun(), replaces: run !== undefined };
}

const newRun = (): string => `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`;
