import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../errors.js';
import { HINTS } from './hints.js';

export interface ErrorContext {
  readonly verbose: boolean;
  /** URL of the job file, once it is known: errors name the line of it they came from. */
  readonly jobUrl: string | null;
}

/** The code of an error of this package (any copy of it), else null. */
export const codeOf = (error: unknown): string | null =>
  error instanceof Error && error.name === 'MillraceError' && 'code' in error ? String(error.code) : null;

/** `CODE: message` in one line; an error of anybody else's as `Name: message`. */
export const errorLine = (error: unknown): string => {
  if (!(error instanceof Error)) return `Error: ${String(error)}`;
  const text = codeOf(error) === null ? `${error.name}: ${error.message}` : error.message;
  return text.replaceAll(/\s*\n\s*/g, ' ');
};

/** The line, then indented: causes, the place in the job file, a hint; the stack only on request. Ends with a line end. */
export function errorText(error: unknown, { verbose, jobUrl }: ErrorContext): string {
  const line = errorLine(error);
  const lines = [line];
  for (const cause of causes(error)) if (!line.includes(plainMessage(cause))) lines.push(`  because of ${errorLine(cause)}`);
  const place = jobUrl === null ? null : placeIn(error, jobUrl);
  if (place !== null) lines.push(`  at ${place}`);
  const hint = HINTS[codeOf(error) as ErrorCode];
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  if (verbose) for (const each of [error, ...causes(error)]) if (each instanceof Error && each.stack !== undefined) lines.push(each.stack);
  return `${lines.join('\n')}\n`;
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = [];
  let current = error;
  // Five are enough to read, and a cycle of causes ends.
  while (current instanceof Error && current.cause !== undefined && found.length < 5) found.push(current = current.cause);
  return found;
}

const plainMessage = (error: unknown): string => error instanceof Error ? error.message.split('\n')[0]! : String(error);

/** `job.mjs:12:5`, the innermost line of the job file on the stack of the error or of one of its causes. */
function placeIn(error: unknown, jobUrl: string): string | null {
  const path = fileURLToPath(jobUrl);
  for (const each of [error, ...causes(error)]) {
    if (!(each instanceof Error) || each.stack === undefined) continue;
    for (const name of [jobUrl, path]) {
      const at = each.stack.indexOf(`${name}:`);
      const position = at < 0 ? null : /^(?::\d+){1,2}/.exec(each.stack.slice(at + name.length));
      if (position) return relative('', path) + position[0];
    }
  }
  return null;
}
