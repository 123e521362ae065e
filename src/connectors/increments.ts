import { typeText } from '../batch/storage.js';
import { MillraceError } from '../errors.js';
import type { Field } from '../plan/types.js';
import type { Assignment } from './assignments.js';

/** Which results can be added up, for tables with running totals. */

/** Result columns of the window and of revisions: they are not added up. */
const NO_SUMS = ['windowStart', 'windowEnd', 'windowNumber', 'version', 'deleted'];

/** Which result columns go to the totals if the options do not say: `by`, and all that can be added up. */
export const totalFields = (fields: readonly Field[], key: readonly string[], by: readonly string[]): Field[] =>
  fields.filter(({ name }) => by.includes(name) || !(key.includes(name) || NO_SUMS.includes(name)));

/** Throws BAD_OPTION for a column that cannot be added up, or not exactly. */
export function checkSums(name: string, sums: readonly Assignment[]): void {
  const refused = (message: string): MillraceError => new MillraceError('BAD_OPTION', `${name}: ${message}`);
  if (sums.length === 0) throw refused('mode \'increment\': there is no result column to add up besides key, window and version');
  for (const { field: { name: field, type } } of sums) {
    if (/^(int|uint)\d+$|^decimal$/.test(type.kind)) continue;
    if (type.kind.startsWith('float')) throw refused(`mode 'increment': '${field}' is ${typeText(type)}, and what is added to floats cannot be taken off exactly: cast it to a decimal`);
    throw refused(`mode 'increment': '${field}' is ${typeText(type)} and cannot be added up: name the columns to write in columns`);
  }
}
