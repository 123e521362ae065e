import { MillraceError } from '../errors.js';
import { checkOptions } from './duration.js';
import { bareColumn, recordOver, type Draft } from './draft.js';
import { ALL_KINDS, joinKind, type JoinKind } from './join-options.js';
import { closeJoin, countPart, openJoin, sidePart, windowParts, type GivenJoin, type GivenSide, type JoinPart, type OpenJoin } from './joins.js';
import type { JoinMatch } from './join-plan.js';
import { coalesce } from './operators/choice.js';
import type { NamedExpression } from './plan.js';
import { aliasedRow } from './row.js';
import { describeValue } from './type-builders.js';

/** The joins that there are methods for. `draftOf` takes a pipeline apart. */
type DraftOf = (pipeline: unknown, where: string) => Draft;
type Options = Readonly<Record<string, unknown>>;

const TIMING = ['on', 'window', 'mode'];

/** `join`: rows of two inputs side by side. */
export function joinPair(left: Draft, right: Draft, options: unknown): Draft {
  checkOptions(options, [...TIMING, 'within', 'kind', 'select'], 'join');
  const given = options as Options;
  const kind = joinKind(given['kind'], ALL_KINDS, 'join');
  const match = kind === 'left' || kind === 'full' ? 'optional' : 'inner';
  const other: GivenSide = { name: 'right', draft: right, ...ownKeys(given, 'right', 'join'), within: given['within'], match, keepsUnmatched: kind === 'right' || kind === 'full' };
  const open = openJoin(givenJoin('join', left, given, [other]));
  return given['select'] === undefined ? closePair(open, kind) : closeSelected(open, given['select'], aliased => aliased);
}

/** `semiJoin` and `antiJoin`: the left rows with a match, or those without. */
export function joinHalf(left: Draft, right: Draft, options: unknown, match: 'semi' | 'anti'): Draft {
  const where = `${match}Join`;
  checkOptions(options, [...TIMING, 'within'], where);
  const given = options as Options;
  const other: GivenSide = { name: 'right', draft: right, ...ownKeys(given, 'right', where), within: given['within'], match, keepsUnmatched: false };
  const open = openJoin(givenJoin(where, left, given, [other]));
  return closeJoin(open, [...sideParts(open, 0), ...windowParts(open)], null);
}

/** `joinAll`: rows of several inputs side by side. */
export function joinSeveral(left: Draft, others: unknown, options: unknown, draftOf: DraftOf): Draft {
  checkOptions(options, [...TIMING, 'select'], 'joinAll');
  const given = options as Options;
  const sides = namedSides(others, given, 'joinAll', ['kind'], draftOf, ({ kind }, where) => (joinKind(kind, ['inner', 'left'], where) === 'left' ? 'optional' : 'inner'));
  const open = openJoin(givenJoin('joinAll', left, given, sides));
  if (given['select'] === undefined) return closeJoin(open, distinct(open, withoutKeys(open)), null);
  return closeSelected(open, given['select'], ([first, ...rest]) => [first!, Object.fromEntries(rest.map((row, i) => [sides[i]!.name, row]))]);
}

/** `countMatches`: the left rows, each with its number of matches in every other input. */
export function joinCounts(left: Draft, others: unknown, options: unknown, draftOf: DraftOf): Draft {
  checkOptions(options, TIMING, 'countMatches');
  const given = options as Options;
  const sides = namedSides(others, given, 'countMatches', [], draftOf, () => 'count');
  const open = openJoin(givenJoin('countMatches', left, given, sides));
  return closeJoin(open, distinct(open, [...sideParts(open, 0), ...sides.map(({ name }, i) => countPart(i + 1, name))]), null);
}

/** `asOfJoin`: rows with the version of a table's row that was the newest one at their time. */
export function joinAsOf(left: Draft, table: Draft, options: unknown): Draft {
  const where = 'asOfJoin';
  checkOptions(options, ['on', 'kind', 'within', 'deleted', 'select'], where);
  const given = options as Options;
  const kind = joinKind(given['kind'], ['inner', 'left'], where);
  const other: GivenSide = { name: 'table', draft: table, ...ownKeys(given, 'right', where), match: kind === 'left' ? 'optional' : 'inner', keepsUnmatched: false };
  const open = openJoin({ ...givenJoin(where, left, given, [other]), mode: 'final', asOf: { deleted: given['deleted'], within: given['within'] } });
  return given['select'] === undefined ? closePair(open, kind) : closeSelected(open, given['select'], aliased => aliased);
}

const givenJoin = (where: string, left: Draft, given: Options, others: readonly GivenSide[]): GivenJoin => ({
  where, window: given['window'], mode: given['mode'],
  sides: [{ name: 'left', draft: left, ...ownKeys(given, 'left', where), match: 'left', keepsUnmatched: false }, ...others],
});

/** What `on` says of one side: names are for all, callbacks come by side. */
function ownKeys({ on }: Options, side: 'left' | 'right', where: string): Pick<GivenSide, 'on'> {
  if (typeof on !== 'object' || on === null || Array.isArray(on)) return { on: typeof on === 'function' && side === 'right' ? undefined : on };
  checkOptions(on, ['left', 'right'], `${where}: on`);
  return { on: (on as Options)[side] };
}

function namedSides(others: unknown, { on }: Options, where: string, more: readonly string[], draftOf: DraftOf, matchOf: (given: Options, where: string) => JoinMatch): GivenSide[] {
  if (typeof others !== 'object' || others === null) throw new MillraceError('PLAN_INVALID', `${where} takes an object of inputs, such as { views: { of: views, within: '12h' } }, got ${describeValue(others)}.`);
  const sides = Object.entries(others).map(([name, value]): GivenSide => {
    const place = `${where}: ${name}`;
    checkOptions(value, ['of', 'within', 'on', ...more], place);
    const given = value as Options;
    if (typeof on === 'function' && given['on'] === undefined) throw new MillraceError('PLAN_INVALID', `${place}: the left side's keys are computed; say on: row => ({ … }) here too.`);
    return { name, draft: draftOf(given['of'], place), on: given['on'] ?? on, within: given['within'], match: matchOf(given, place), keepsUnmatched: false };
  });
  if (sides.length === 0) throw new MillraceError('PLAN_INVALID', `${where} needs at least one other input.`);
  return sides;
}

const sideParts = (open: OpenJoin, side: number, wanted: (name: string) => boolean = () => true): JoinPart[] =>
  open.join.sides[side]!.fields.filter(({ name }) => wanted(name)).map(field => sidePart(open, side, field));

/** The columns of all sides; those that are keys by name only once. */
const withoutKeys = (open: OpenJoin): JoinPart[] => open.join.sides.flatMap(({ keys }, side) => {
  const shared = new Set(keys.filter(({ name, expression }) => expression.op === 'column' && expression.name === name).map(key => key.name));
  return sideParts(open, side, name => side === 0 || !shared.has(name));
});

function distinct(open: OpenJoin, parts: readonly JoinPart[]): JoinPart[] {
  const all = [...parts, ...windowParts(open)];
  const names = all.map(({ field }) => field.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return all;
  throw new MillraceError('PLAN_INVALID', `${open.where}: more than one input has a column ${twice}: rename one with .map(), leave it out with .select(), or say select: (left, right) => ({ … }).`);
}

/** All columns of both. A key that both sides have is that of the row that there is. */
function closePair(open: OpenJoin, kind: JoinKind): Draft {
  const parts = distinct(open, withoutKeys(open));
  if (kind === 'inner' || kind === 'left') return closeJoin(open, parts, null);
  const keys = new Map(open.join.sides[1]!.fields.map(field => [field.name, field]));
  const own = (part: JoinPart): boolean => part.column.kind === 'field' && part.column.side === 0;
  const shared = parts.filter(part => own(part) && keys.has(part.field.name));
  const others = shared.map(({ field }) => sidePart(open, 1, keys.get(field.name)!, internalName(1, field.name)));
  const columns = parts.map(({ field }): NamedExpression => {
    const i = shared.findIndex(part => part.field === field);
    return i < 0 ? bareColumn(field) : { name: field.name, expression: coalesce([bareColumn(field).expression, bareColumn(others[i]!.field).expression]) };
  });
  return closeJoin(open, [...parts, ...others], shared.length === 0 ? null : columns);
}

/** The columns that a callback names, over the rows of all sides; `rowsOf` gives it its arguments. */
function closeSelected(open: OpenJoin, select: unknown, rowsOf: (rows: readonly object[]) => readonly object[]): Draft {
  const where = `${open.where}: select`;
  const parts = open.join.sides.flatMap(({ fields }, side) => fields.map(field => sidePart(open, side, field, internalName(side, field.name))));
  const rows = open.join.sides.map(({ fields }, side) => aliasedRow(fields.map(field => ({ ...sidePart(open, side, field).field })), field => internalName(side, field.name), where));
  const columns = recordOver(rowsOf(rows), parts.map(part => part.field), where, select);
  const bounds = windowParts(open);
  const bare = columns.map(({ name, expression }): JoinPart | null => {
    const part = expression.op === 'column' ? parts.find(({ field }) => field.name === expression.name) : undefined;
    return part ? { column: part.column, field: { ...part.field, name } } : null;
  });
  if (bare.every(part => part !== null)) return closeJoin(open, distinct(open, bare), null);
  return closeJoin(open, [...parts, ...bounds], [...columns, ...bounds.map(({ field }) => bareColumn(field))]);
}
const internalName = (side: number, name: string): string => `${side}.${name}`;
