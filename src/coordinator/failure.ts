import { MillraceError, type ErrorCode } from '../errors.js';

/** The error of a part that is not ours, under a code; one that has a code already stays. */
export function coded(code: ErrorCode, what: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** Whether a promise settles within so many ms. */
export async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<false>(resolve => (timer = setTimeout(resolve, ms, false)));
  const settled = await Promise.race([promise.then(() => true, () => true), tooLong]);
  clearTimeout(timer);
  return settled;
}
