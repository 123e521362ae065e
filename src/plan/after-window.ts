import { MillraceError } from '../errors.js';
import { checkColumns, DraftStage, NO_OPERATOR, recordOne, requireNames, type Draft } from './draft.js';
import { checkOptions, inUnit, parseDuration } from './duration.js';
import { withoutDictionaries } from './without-dictionaries.js';
import { windowColumns, type NamedExpression, type Top } from './plan.js';
import { requireFinal } from './revisions.js';
import { eventUnit, keepsColumn, openEnd } from './stages.js';
import { unknownColumn } from './suggest.js';
import { describeValue } from './type-builders.js';

/** Leaves out rows that were there already. `keysOf` reads the keys over the columns that there are. */
export function deduplicated(given: Draft, keysOf: (draft: Draft) => NamedExpression[], options: unknown): Draft {
  requireFinal(given, 'dedupe');
  const draft = withoutDictionaries(inOrder(openEnd(given)));
  const keys = keysOf(draft);
  requireNames(keys.map(key => key.name), 'dedupe');
  checkOptions(options, ['within'], 'dedupe');
  const { within } = options as { readonly within?: unknown };
  if (within === undefined) throw new MillraceError('BAD_OPTION', 'dedupe needs to know how far apart rows of one key may be, as in { within: \'1h\' }: for all time, every key would have to be kept.');
  const unit = eventUnit(draft, 'dedupe: rows');
  const withinUs = parseDuration(within, 'dedupe: within');
  if (withinUs < 0) throw new MillraceError('BAD_OPTION', `dedupe: within is ${String(within)}; it must not be negative.`);
  return { ...draft, operator: { ...NO_OPERATOR, deduplicate: { keys, within: inUnit(withinUs, unit, 'dedupe: within') } } };
}

const SORT: Top = { n: null, by: null, descending: false, per: [] };
/** Rows whose order is settled: results of most stages come in none, and which of them is the first would be up to chance. */
function inOrder(draft: Draft): Draft {
  const inDisorder = draft.branches.filter(({ input }) => input instanceof DraftStage && input.operator.deduplicate === null && input.operator.top?.n !== null);
  if (inDisorder.length === 0) return draft;
  eventUnit(draft, 'dedupe: rows');
  if (inDisorder.length < draft.branches.length) throw new MillraceError('PLAN_INVALID', 'dedupe goes by the order of rows, and results have another than rows of a source: put it before the union.');
  return openEnd({ ...withoutDictionaries(draft), operator: { ...NO_OPERATOR, top: SORT } });
}

/** Keeps the first rows of each window. */
export function ranked(given: Draft, n: unknown, by: unknown, options: unknown): Draft {
  requireFinal(given, 'top');
  if (!given.results?.window) throw new MillraceError('PLAN_INVALID', 'top ranks the results of an aggregate, window by window: it belongs behind .aggregate(…).');
  const { window } = given.results;
  if (window.kind === 'count' || window.kind === 'session') throw new MillraceError('PLAN_INVALID', `top ranks the groups of one window, but each group has ${window.kind} windows of its own. Aggregate them over time windows first.`);
  const draft = openEnd(given);
  requireWindow(draft, windowColumns(window).map(column => column.name));
  if (!Number.isInteger(n) || (n as number) < 1 || (n as number) > MOST_TOP) throw new MillraceError('BAD_OPTION', `top takes a whole number of rows from 1 to ${MOST_TOP}, got ${describeValue(n)}.`);
  checkOptions(options, ['per', 'order'], 'top');
  const { per = [], order = 'desc' } = options as { readonly per?: unknown; readonly order?: unknown };
  if (order !== 'desc' && order !== 'asc') throw new MillraceError('BAD_OPTION', `top: order is 'desc' (the greatest first, the default) or 'asc', got ${describeValue(order)}.`);
  if (!Array.isArray(per)) throw new MillraceError('BAD_OPTION', `top: per is a list of columns, such as ['country'], got ${describeValue(per)}.`);
  const names = draft.fields.map(field => field.name);
  for (const name of per as unknown[]) if (!names.includes(name as string)) throw unknownColumn(String(name), names, 'top: per');
  if (per.length > 0) requireNames(per as string[], 'top: per');
  const expression = recordOne(draft, 'top', by);
  checkColumns(expression, draft.fields, 'top');
  return { ...draft, operator: { ...NO_OPERATOR, top: { n: n as number, by: expression, descending: order === 'desc', per: per as string[] } } };
}
const MOST_TOP = 1_000_000;

function requireWindow(draft: Draft, columns: readonly string[]): void {
  const lost = columns.filter(name => !draft.branches.every(branch => keepsColumn(branch.steps, name)));
  if (lost.length > 0) throw new MillraceError('PLAN_INVALID', `top ranks rows window by window, but ${lost.join(' and ')} ${lost.length === 1 ? 'is' : 'are'} gone or changed: keep ${lost.length === 1 ? 'it' : 'them'} in .select() and .map() before it.`);
}
