import { MillraceError } from '../errors.js';
import { truthTestOfColumn } from './callback-source.js';

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

/** Runs a callback over `rows` and refuses to go on if it lost an expression. `use` notes the parts of the result as used. */
export function recorded(where: string, callback: (...rows: readonly object[]) => unknown, rows: readonly object[], use: (result: unknown) => void): void {
  const pending = new Set<Recorded>();
  pendingByCallback.push(pending);
  try {
    use(callback(...rows));
    const [lost] = pending;
    if (lost !== undefined) throw lostExpression(where, `builds ${lost.describe()} but its result does not contain it`);
    const tested = truthTestOfColumn(callback);
    if (tested !== null) throw lostExpression(where, `says ${tested}, and what follows is lost or always taken`);
  } finally {
    pendingByCallback.pop();
  }
}

function lostExpression(where: string, what: string): MillraceError {
  return new MillraceError('EXPRESSION_LOST', `${where} ${what}. `
    + 'JavaScript\'s &&, || and ?: cannot be recorded (a column is always truthy): use .and(), .or(), .not() and when(…).then(…).otherwise(…).');
}
