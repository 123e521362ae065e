import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../errors.js';
import type { JobStats, RunOptions } from '../coordinator/job-types.js';

/**
 * What the command needs of a job. It is recognised by its methods, not its class: a globally installed command must run the job of a
 * project that has its own copy of the package.
 */
export interface RunnableJob {
  run(options?: RunOptions): Promise<JobStats>;
  stats(): JobStats | null;
  plan(): unknown;
  explain(): string;
}
const METHODS = ['run', 'stats', 'plan', 'explain'] as const;
const WANTED = 'A job file default-exports a job (what pipeline.to(sink) returns) or a function that returns one.';

export const jobUrl = (file: string): string => pathToFileURL(resolve(file)).href;

/** Throws BAD_FILE or BAD_OPTION; a coded error of the plan that the file builds passes through. */
export async function loadJob(file: string, jobArguments: readonly string[]): Promise<RunnableJob> {
  const found = await stat(resolve(file)).catch(() => null);
  if (found === null) throw new MillraceError('BAD_FILE', `there is no job file '${file}'`);
  if (!found.isFile()) throw new MillraceError('BAD_FILE', `'${file}' is not a file`);
  const module = await guarded(file, () => import(jobUrl(file)) as Promise<Record<string, unknown>>);

  const exported = await guarded(file, async () => module['default']);
  if (exported === undefined) throw notAJob(file, `has no default export${namedExports(module)}`);
  if (typeof exported !== 'function') {
    if (jobArguments.length > 0) throw new MillraceError('BAD_OPTION', `'${file}' takes no arguments: its default export is not a function`);
    return asJob(file, exported, 'default-exports');
  }
  const build = exported as (args: readonly string[]) => unknown;
  return asJob(file, await guarded(file, async () => build([...jobArguments])), 'exports a function that returned');
}

function asJob(file: string, value: unknown, verb: string): RunnableJob {
  if (isJob(value)) return value;
  if (hasMethod(value, 'to')) throw notAJob(file, `${verb} a pipeline without a sink: end it with .to(sink)`);
  if (hasMethod(value, 'run')) {
    const missing = METHODS.filter(method => !hasMethod(value, method));
    throw notAJob(file, `${verb} an object that is no job: it lacks ${missing.map(method => `${method}()`).join(', ')}`);
  }
  // Only `job.run()` resolves to stats; it is the likeliest slip.
  if (isObject(value) && 'sources' in value && 'emitted' in value) throw notAJob(file, `${verb} the stats of a finished run: export the job itself`);
  throw notAJob(file, `${verb} ${kindOf(value)}`);
}

const isJob = (value: unknown): value is RunnableJob => METHODS.every(method => hasMethod(value, method));
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const hasMethod = (value: unknown, name: string): boolean =>
  isObject(value) && typeof (value as Record<string, unknown>)[name] === 'function';
const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object that is no job' : `a ${typeof value}`;
};
const namedExports = (module: object): string => {
  const names = Object.keys(module);
  return names.length === 0 ? '' : ` (it exports ${names.join(', ')})`;
};
const notAJob = (file: string, problem: string): MillraceError => new MillraceError('BAD_FILE', `'${file}' ${problem}. ${WANTED}`);

/** Runs the user's code; what it throws gets a code, unless it has one. */
async function guarded<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'MillraceError') throw cause;
    const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
    const problem = cause instanceof Error ? `${cause.name}: ${cause.message.split('\n')[0]}` : String(cause);
    const advice = code === 'ERR_UNKNOWN_FILE_EXTENSION' ? ' (compile it to .mjs or .js first)'
      : cause instanceof SyntaxError ? ` ('node --check ${file}' shows where)` : '';
    throw new MillraceError('BAD_FILE', `'${file}' could not be loaded: ${problem}${advice}`, { cause });
  }
}
