import { MillraceError } from '../errors.js';
import { DraftStage, fieldsOf, requireNames, type Draft, type DraftBranch, type Results } from './draft.js';
import { checkOptions, inUnit, parseDuration, type Duration } from './duration.js';
import { caughtUp } from './joins.js';
import type { Join } from './join-plan.js';
import { changelogOf, identityFields, resultFields, type Aggregate, type Emit } from './plan.js';
import { restoredIdentity, restoring } from './retraction.js';
import { eventUnit } from './stages.js';
import type { TimeUnitName } from './window-plan.js';
import { describeValue } from './type-builders.js';

/** When results come, and what late rows do to them. */

/** What `.late()` takes. */
export interface LateOptions<S = unknown> {
  /** For so long after its end a window takes late rows, which revise its results. */
  readonly accept?: Duration;
  /** Where rows go that come later still (columns: DEAD_LETTER_FIELDS); they are counted either way. */
  readonly then?: S;
}
/** What `.emit()` takes. */
export type Firing = 'close' | 'final' | { readonly early: Duration };

/** The draft with an aggregate at its end. */
export function withAggregate(draft: Draft, aggregate: Aggregate): Draft {
  const behind = draft.takingBack && restoring(aggregate, draft.takingBack);
  const fields = behind === null ? resultFields(aggregate) : fieldsOf(behind.columns);
  requireNames(fields.map(field => field.name), 'aggregate: its result');
  const own = identityFields(aggregate).map(field => field.name);
  const results: Results = { window: aggregate.window, changelog: changelogOf(aggregate), identity: behind === null ? own : restoredIdentity(aggregate) };
  return { ...draft, operator: { ...draft.operator, aggregate }, behind, fields, results };
}

/** In the unit of event time. */
export function acceptingLate(draft: Draft, options: LateOptions): Draft {
  checkOptions(options, ['accept', 'then'], 'late');
  const { aggregate, join } = draft.operator;
  if (join !== null) return joinAcceptingLate(draft, join, options);
  if (aggregate === null || aggregate.window.kind === 'global' || aggregate.window.kind === 'count') throw new MillraceError('PLAN_INVALID', 'late() belongs right behind an aggregate over time windows, or behind a join: without them no row is ever late.');
  if (!draft.branches.some(takesRows)) throw new MillraceError('PLAN_INVALID', 'late() belongs behind the first aggregate or join: its results are never late for the windows behind it, and nothing else is read here.');
  const accept = acceptedFor(options, aggregate.window.unit);
  return accept === null ? draft : withAggregate(draft, { ...aggregate, accept });
}
function joinAcceptingLate(draft: Draft, join: Join, options: LateOptions): Draft {
  const accept = acceptedFor(options, eventUnit(draft, 'late: rows'));
  return accept === null ? draft : { ...draft, operator: { ...draft.operator, join: { ...join, accept: accept + caughtUp([draft]) } } };
}
function acceptedFor({ accept, then }: LateOptions, unit: TimeUnitName): number | null {
  if (accept === undefined && then === undefined) throw new MillraceError('BAD_OPTION', 'late takes accept (for how long late rows are taken), then (where later ones go), or both.');
  if (accept === undefined) return null;
  const acceptUs = parseDuration(accept, 'late: accept');
  if (acceptUs <= 0) throw new MillraceError('BAD_OPTION', `late: accept is ${accept}; it must be more than 0. Without it, late rows change nothing.`);
  return inUnit(acceptUs, unit, 'late: accept');
}

/** Whether rows of a source come in without an aggregate or a join in between. */
const takesRows = ({ input }: DraftBranch): boolean =>
  !(input instanceof DraftStage) || (input.operator.aggregate === null && input.operator.join === null && input.branches.some(takesRows));

export function firing(draft: Draft, when: unknown): Draft {
  const { aggregate } = draft.operator;
  if (aggregate === null) throw new MillraceError('PLAN_INVALID', 'emit() belongs right behind an aggregate.');
  return withAggregate(draft, { ...aggregate, emit: emitOf(when) });
}
function emitOf(when: unknown): Emit {
  if (when === 'close' || when === 'final') return { when, earlyMs: null };
  if (typeof when !== 'object' || when === null) throw new MillraceError('BAD_OPTION', `emit takes 'close' (the default), 'final' or { early: '10s' }, got ${describeValue(when)}.`);
  checkOptions(when, ['early'], 'emit');
  const us = parseDuration((when as { readonly early?: unknown }).early, 'emit: early');
  if (us <= 0) throw new MillraceError('BAD_OPTION', 'emit: early must be more than 0.');
  return { when: 'close', earlyMs: inUnit(us, 'ms', 'emit: early') };
}
