import { MillraceError } from '../errors.js';
import { bareColumn, DraftStage, fieldNamed, fieldsOf, NO_OPERATOR, recordColumns, recordOne, requireNames, type Draft } from './draft.js';
import { asTexts } from './without-dictionaries.js';
import { boundLength, joinBounds, joinMode, joinWindow } from './join-options.js';
import { RETRACTED, retracts, type AsOf, type Join, type JoinColumn, type JoinMatch, type JoinSide } from './join-plan.js';
import { mergeDrafts } from './merge-drafts.js';
import { coalesce } from './operators/choice.js';
import { literal, mismatch } from './operators/coerce.js';
import { condition } from './operators/comparison.js';
import { windowColumns, type NamedExpression } from './plan.js';
import { requireFinal } from './revisions.js';
import { sameType, typeName } from './schema.js';
import { eventUnit, openEnd } from './stages.js';
import { describeValue } from './type-builders.js';
import type { Field, Fields } from './types.js';
import type { TimeUnitName } from './window-plan.js';

/** An input of a join, as it was given. */
export interface GivenSide {
  readonly name: string;
  readonly draft: Draft;
  /** Names of columns that all sides have, or a callback over this side's row. */
  readonly on: unknown;
  readonly within?: unknown;
  readonly match: JoinMatch;
  readonly keepsUnmatched: boolean;
}
export interface GivenJoin {
  /** The method that was called, for errors. */
  readonly where: string;
  /** The left one first. */
  readonly sides: readonly GivenSide[];
  readonly window: unknown;
  readonly mode: unknown;
  /** Of `asOfJoin`: what it says besides. */
  readonly asOf?: { readonly deleted: unknown; readonly within: unknown };
}

/** A join that lacks its result columns. */
export interface OpenJoin {
  readonly where: string;
  readonly drafts: readonly Draft[];
  readonly join: Omit<Join, 'columns'>;
  readonly unit: TimeUnitName;
}
/** A column of the joined rows. */
export interface JoinPart {
  readonly column: JoinColumn;
  readonly field: Field;
}

export function openJoin({ where, sides, window, mode, asOf }: GivenJoin): OpenJoin {
  const opened = sides.map(({ draft }) => {
    requireFinal(draft, where);
    // Codes of a dictionary mean nothing beside another batch's: state keeps text.
    return asTexts(openEnd(draft));
  });
  const unit = commonUnit(opened, where);
  const planned = joinWindow(window, unit, where);
  const plannedSides = sides.map(({ name, on, within, match, keepsUnmatched }, i): JoinSide => {
    const bounds = i === 0 || asOf !== undefined ? { before: 0, after: 0 } : joinBounds(within, planned, unit, where);
    return { name, fields: opened[i]!.fields, keys: keysOf(opened[i]!, on, where), ...bounds, match, keepsUnmatched };
  });
  for (const side of plannedSides.slice(1)) requireSameKeys(plannedSides[0]!, side, where);
  const join = { sides: plannedSides, mode: joinMode(mode, where), accept: 0, window: planned, asOf: asOf === undefined ? null : plannedAsOf(asOf, opened[1]!, unit, where) };
  const drafts = retracts(join) ? opened.map(catchingUp) : opened;
  return { where, drafts, unit, join: { ...join, accept: caughtUp(drafts) } };
}

function plannedAsOf({ deleted, within }: NonNullable<GivenJoin['asOf']>, table: Draft, unit: TimeUnitName, where: string): AsOf {
  const gone = deleted === undefined ? null : condition(recordOne(table, `${where}: deleted`, deleted), `${where}: deleted`);
  // Null is not true.
  return { deleted: gone && (gone.nullable ? coalesce([gone, literal(false, gone.type)]) : gone), within: within === undefined ? null : boundLength(within, 'within', unit, where) };
}

/** What `dedupe` lets through late is not waited for where what is given out may be taken back: the join accepts it. */
const catchingUp = (draft: Draft): Draft => ({
  ...draft,
  branches: draft.branches.map(branch => {
    const within = branch.input instanceof DraftStage ? branch.input.operator.deduplicate?.within ?? 0 : 0;
    return within === 0 ? branch : { ...branch, catchesUp: within };
  }),
});
/** For so long rows come late that are not waited for. */
export const caughtUp = (drafts: readonly Draft[]): number => Math.max(0, ...drafts.flatMap(draft => draft.branches.map(branch => branch.catchesUp ?? 0)));

function commonUnit(drafts: readonly Draft[], where: string): TimeUnitName {
  const units = drafts.map(draft => eventUnit(draft, `${where}: rows`));
  if (units.every(unit => unit === units[0])) return units[0]!;
  throw new MillraceError('PLAN_INVALID', `${where}: the event times of its inputs count ms in one and µs in another: cast them to one unit in the schemas.`);
}

function keysOf(draft: Draft, on: unknown, where: string): NamedExpression[] {
  if (typeof on === 'function') return recordColumns(draft, `${where}: on`, on);
  const names: readonly unknown[] = Array.isArray(on) ? on : [on];
  if (on === undefined || names.some(name => typeof name !== 'string')) throw new MillraceError('PLAN_INVALID', `${where} needs to know which rows belong together: on: 'adId', on: ['shop', 'day'], or callbacks that return named keys; got ${describeValue(on)}.`);
  return (names as readonly string[]).map(name => bareColumn(fieldNamed(draft.fields, name, `${where}: on`)));
}

function requireSameKeys(left: JoinSide, other: JoinSide, where: string): void {
  const names = (side: JoinSide): string => side.keys.map(key => key.name).join(', ');
  if (names(left) !== names(other)) throw new MillraceError('PLAN_INVALID', `${where}: the left side's keys are (${names(left)}), those of ${other.name} (${names(other)}): give them the same names, in the same order.`);
  left.keys.forEach(({ name, expression }, i) => {
    const { type } = other.keys[i]!.expression;
    if (!sameType(expression.type, type)) throw mismatch(`${where}: the key ${name} is ${typeName(expression.type)} on the left side and ${typeName(type)} in ${other.name}. Cast one of them with .with().`);
  });
}

/** A side's column as it is in joined rows: null where rows without a match are kept. */
export function sidePart({ join }: OpenJoin, side: number, field: Field, name: string = field.name): JoinPart {
  const missing = side === 0 ? join.sides.some(other => other.keepsUnmatched) : join.sides[side]!.match === 'optional';
  return { column: { kind: 'field', side, name: field.name }, field: { name, type: field.type, nullable: field.nullable || missing } };
}
export const countPart = (side: number, name: string): JoinPart =>
  ({ column: { kind: 'count', side }, field: { name, type: { kind: 'int64' }, nullable: false } });
/** The bounds of the window, where there is one. */
export function windowParts({ join, unit }: OpenJoin): JoinPart[] {
  const { window } = join;
  if (window === null) return [];
  return windowColumns({ kind: 'tumbling', size: window.size, offset: window.offset, unit })
    .map(field => ({ column: { kind: field.name as 'windowStart' | 'windowEnd' }, field }));
}

/** The draft that ends in the join. `columns`: the result over the parts; null: the parts as they are. */
export function closeJoin({ where, drafts, join }: OpenJoin, parts: readonly JoinPart[], columns: readonly NamedExpression[] | null): Draft {
  const retracting = retracts(join);
  const carried: Fields = retracting ? [RETRACTED] : [];
  const given = [...parts.map(part => part.field), ...carried];
  const fields = columns === null ? given : [...fieldsOf(columns), ...carried];
  requireNames(fields.map(field => field.name), where);
  const marks: readonly JoinColumn[] = retracting ? [{ kind: 'retracted' }] : [];
  return {
    ...mergeDrafts(drafts.map((draft, side) => ({ ...draft, branches: draft.branches.map(branch => ({ ...branch, side })) })), where),
    operator: { ...NO_OPERATOR, join: { ...join, columns: [...parts.map(part => part.column), ...marks] } },
    behind: columns && { given, steps: [{ kind: 'project', columns: [...columns, ...carried.map(bareColumn)] }] },
    fields,
    results: { window: null, changelog: retracting ? 'retracting' : 'append', identity: carried.map(field => field.name) },
  };
}
