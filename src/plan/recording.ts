import { MillraceError } from '../errors.js';

/**
 * While a user's callback runs, everything it builds is noted here, and struck off when it becomes part of something else or of the
 * result. What is left at the end was lost: `row.a.gt(1) && row.b.lt(2)` builds two expressions and returns the second.
 * Expressions built outside of any callback are not watched.
 */
export interface Recorded {
  /** For the error message. */
  describe(): string;
}
const pendingByCallback: Set<Recorded>[] = [];

export function noteBuilt(built: Recorded): void {
  pendingByCallback.at(-1)?.add(built);
}
export function noteUsed(used: Recorded): void {
  for (const pending of pendingByCallback) pending.delete(used);
}

/** Runs a callback and refuses to go on if it lost an expression. `use` notes the parts of the result as used. */
export function recorded<Result>(where: string, callback: () => Result, use: (result: Result) => void): Result {
  const pending = new Set<Recorded>();
  pendingByCallback.push(pending);
  try {
    const result = callback();
    use(result);
    const [lost] = pending;
    if (lost !== undefined) throw lostExpression(where, lost);
    return result;
  } finally {
    pendingByCallback.pop();
  }
}

function lostExpression(where: string, lost: Recorded): MillraceError {
  return new MillraceError('EXPRESSION_LOST', `${where} builds ${lost.describe()} but its result does not contain it. `
    + 'JavaScript\'s &&, || and ?: cannot be recorded (a column is always truthy): use .and(), .or(), .not() and when(…).then(…).otherwise(…).');
}
