import { constants } from 'node:os';
import type { ErrorCode } from '../errors.js';

/** What the command answers to its caller. Scripts rely on these numbers: they are part of the public interface (docs/cli.md). */
export const ExitCode = {
  /** The job read its whole input and wrote its whole output. */
  done: 0,
  /** The job began and failed. */
  failed: 1,
  /** The command, the job file or the plan is wrong: nothing was run, and running it again would not help. */
  unusable: 2,
  /** `--strict`: the job finished, but rows were dead-lettered. */
  badRows: 3,
} as const;

/** 130 for SIGINT (Ctrl-C), 143 for SIGTERM: what a shell reports for a program that such a signal ended. */
export const signalExitCode = (signal: 'SIGINT' | 'SIGTERM'): number => 128 + constants.signals[signal];

/** Errors that `run()` reports before the first row is read, and that only a change to the command or the job file can cure. */
const UNUSABLE: ReadonlySet<string> = new Set<ErrorCode>([
  'PLAN_INVALID', 'UNKNOWN_COLUMN', 'TYPE_MISMATCH', 'EXPRESSION_LOST', 'EXPRESSION_COERCED',
  'HEAP_TOO_SMALL', 'UDF_NOT_FOUND', 'MISSING_PACKAGE', 'BAD_OPTION',
]);

export const failureExitCode = (code: string | null): number =>
  code !== null && UNUSABLE.has(code) ? ExitCode.unusable : ExitCode.failed;
