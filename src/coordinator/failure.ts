import { MillraceError, type ErrorCode } from '../errors.js';

/** The error of a part that is not ours, under a code; one that has a code already stays. */
export function coded(code: ErrorCode, what: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** A promise's result, or a rejection once `failed` rejects: nobody waits for a part that will not answer. */
export const orFailed = <T>(promise: Promise<T>, failed: Promise<never>): Promise<T> => Promise.race([promise, failed]);
