import fc from 'fast-check';
import type { StaticTable } from '../../src/plan/expression-tree.ts';
import type { Aggregate, AggregateCall, Branch, EventTime, NamedExpression, Plan, Step, Window } from '../../src/plan/plan.ts';
import { changelogColumns, changelogOf, windowColumns } from '../../src/plan/plan.ts';
import type { DataType, Field, Fields } from '../../src/plan/types.ts';
import { column, expression, type Scope } from './generate-expressions.ts';
import { aggregateIn, typeIn } from './generate-aggregates.ts';
import { ALL_TYPES, BOOL, COMPUTED, FLOAT64, fieldsOf, INT64, jsonOf, TIMES, UTF8, valueOf } from './generate-values.ts';

/** Whole plans as plain JSON. */

export interface PlanOptions {
  readonly maxBranches: number;
  readonly depth: number;
  /** Types of the source's columns. */
  readonly types: readonly DataType[];
  /** Windows of all kinds that are made of slices, late rows that are accepted, and every mode of firing; else tumbling and global windows, as they close. */
  readonly windows?: boolean;
}
export const DEFAULT_PLANS: PlanOptions = { maxBranches: 2, depth: 2, types: ALL_TYPES };

const KEY_TYPES = [UTF8, INT64, { kind: 'int16' }, { kind: 'date' }, FLOAT64] as const;
export const staticTable: fc.Arbitrary<StaticTable> = fc.constantFrom<DataType>(...KEY_TYPES).chain(type =>
  fc.tuple(fc.uniqueArray(valueOf(type), { maxLength: 6, selector: v => (v === 0 ? '0' : String(v)) }), fieldsOf(COMPUTED, { min: 1, max: 3 }))
    .chain(([keys, columns]) => fc.tuple(...columns.map(c => columnOf(c, keys.length))).map(values =>
      ({ key: { name: 'key', type, nullable: false }, columns, keys: keys.map(jsonOf), values }))));
const columnOf = (field: Field, rows: number): fc.Arbitrary<(null | boolean | number | string)[]> =>
  fc.array(field.nullable ? fc.option(valueOf(field.type).map(jsonOf)) : valueOf(field.type).map(jsonOf), { minLength: rows, maxLength: rows });

const named = (prefix: string, list: readonly NamedExpression['expression'][]): NamedExpression[] =>
  list.map((e, i) => ({ name: `${prefix}${i}`, expression: e }));
const fieldsAfter = (columns: readonly NamedExpression[]): Fields => columns.map(c => ({ name: c.name, type: c.expression.type, nullable: c.expression.nullable }));

const anyIn = (scope: Scope, depth: number): fc.Arbitrary<NamedExpression['expression']> => typeIn(scope).chain(t => expression(t, scope, depth));

const filterIn = (scope: Scope, depth: number): fc.Arbitrary<Step> => expression(BOOL, scope, depth).map(predicate => ({ kind: 'filter', predicate }));
/** Random predicates turn most rows away: not too many of them. */
const maybe = (step: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> => fc.oneof({ arbitrary: fc.constant<Step[]>([]), weight: 3 }, { arbitrary: step.map((s): Step[] => [s]), weight: 1 });
const projectIn = (scope: Scope, depth: number): fc.Arbitrary<Step & { kind: 'project' }> =>
  fc.array(fc.oneof(fc.constantFrom(...scope.columns.map(column)), anyIn(scope, depth)), { minLength: 1, maxLength: 4 })
    .map(list => ({ kind: 'project', columns: named('p', list) }));

/** Windows from a few ticks to a day; sizes that do not divide a day as well. */
const windowOf = (eventTime: EventTime | null, unit: 'ms' | 'us'): fc.Arbitrary<Window> => (eventTime === null
  ? fc.constant<Window>({ kind: 'global' })
  : fc.oneof(
    { arbitrary: fc.record({ size: fc.constantFrom(1, 7, 1000, 60_000, 86_400_000), offset: fc.constantFrom(0, 3) }).map(({ size, offset }): Window =>
      ({ kind: 'tumbling', size, offset: offset % size, unit })), weight: 3 },
    { arbitrary: fc.constant<Window>({ kind: 'global' }), weight: 1 },
  ));

/** Times are drawn within some minutes of each other, mostly: sizes from which several windows come, and ones in which all rows are. */
const slicedWindowOf = (scope: Scope, unit: 'ms' | 'us'): fc.Arbitrary<Window> => {
  const length = fc.constantFrom(1, 2, 3, 5, 7, 12, 60).map(n => n * (unit === 'us' ? 1_000_000 : 1000));
  const offset = fc.constantFrom(0, 1, 999);
  const zones = scope.columns.filter(({ type }) => type.kind === 'utf8' || type.kind === 'dictionary').map(column);
  const every = fc.constantFrom('hour' as const, 'day' as const, 'week' as const, 'month' as const);
  return fc.oneof(
    fc.record({ size: length, offset }).map(({ size, offset: by }): Window => ({ kind: 'tumbling', size, offset: by % size, unit })),
    fc.record({ one: length, other: length, offset }).map(({ one, other, offset: by }): Window =>
      ({ kind: 'sliding', size: Math.max(one, other), slide: Math.min(one, other), offset: by % Math.min(one, other), unit })),
    fc.record({ step: length, times: fc.integer({ min: 1, max: 6 }), offset }).map(({ step, times, offset: by }): Window =>
      ({ kind: 'cumulating', size: step * times, step, offset: by % (step * times), unit })),
    fc.record({ every, zone: fc.constantFrom('UTC', 'Europe/Paris', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Asia/Kathmandu') })
      .map((w): Window => ({ kind: 'calendar', zoneColumn: null, unit, ...w })),
    ...(zones.length === 0 ? [] : [fc.record({ every, zoneColumn: fc.constantFrom(...zones) }).map((w): Window => ({ kind: 'calendar', zone: null, unit, ...w }))]),
  );
};

const slicedAggregationIn = (scope: Scope, unit: 'ms' | 'us', depth: number): fc.Arbitrary<Aggregate> => {
  const length = fc.constantFrom(0, 0, 1, 1500, 4000, 43_200_000).map(ms => (unit === 'us' ? ms * 1000 : ms));
  return fc.record({ base: aggregationIn(scope, null, unit, depth), window: slicedWindowOf(scope, unit), accept: length, when: fc.constantFrom('close' as const, 'final' as const) })
    .map(({ base, window, accept, when }): Aggregate => ({ ...base, window, accept, emit: { when, earlyMs: null } }));
};

const aggregationIn = (scope: Scope, eventTime: EventTime | null, unit: 'ms' | 'us', depth: number): fc.Arbitrary<Aggregate> => fc.record({
  keys: fc.array(fc.oneof(fc.constantFrom(...scope.columns.map(column)), anyIn(scope, depth)), { maxLength: 3 }).map(list => named('k', list)),
  window: windowOf(eventTime, unit),
  aggregates: fc.array(aggregateIn(scope, depth), { minLength: 1, maxLength: 5 }).map(list => list.map((a, i): AggregateCall => ({ name: `a${i}`, ...a }))),
  accept: fc.constant(0), emit: fc.constant({ when: 'close' as const, earlyMs: null }),
});

/** The branches of a union share their schema and projection and differ in their filters: so they end in the same columns. */
export function planOf({ maxBranches, depth, types, windows = false }: PlanOptions = DEFAULT_PLANS): fc.Arbitrary<Plan> {
  const drawn = fc.record({
    fields: fieldsOf(types, { min: 1, max: 5 }), tables: fc.array(staticTable, { maxLength: 1 }), branches: fc.integer({ min: 1, max: maxBranches }),
    time: fc.constantFrom<DataType | null>(...(windows ? [] : [null]), ...TIMES, ...TIMES), outOfOrderness: fc.constantFrom(0, 1, 500, 60_000),
  });
  return drawn.chain(({ fields, tables, branches, time, outOfOrderness }) => {
    const schema: Fields = time === null ? fields : [...fields, { name: 'at', type: time, nullable: fields[0]?.nullable ?? false }];
    // Which branch's row is read first is the engine's choice, so nothing may be late in a union.
    const eventTime = time === null ? null : { ...PLAIN_TIME, outOfOrderness: branches > 1 ? 4e15 : outOfOrderness };
    const unit = time?.kind === 'timestamp' ? time.unit : 'ms';
    const scope: Scope = { columns: schema, tables };
    const filters = fc.array(maybe(filterIn(scope, depth)), { minLength: branches, maxLength: branches });
    const tail = fc.option(projectIn(scope, depth).chain(project =>
      maybe(filterIn({ columns: fieldsAfter(project.columns), tables }, depth)).map((more): Step[] => [project, ...more])));
    return fc.tuple(filters, tail).chain(([heads, steps]) => {
      const project = steps?.find(s => s.kind === 'project');
      const end: Scope = { columns: project === undefined ? schema : fieldsAfter(project.columns), tables };
      const all = heads.map((head, i): Branch => ({ source: { name: `source${i}`, schema }, side: 0, from: { source: i }, eventTime, steps: [...head, ...(steps ?? [])] }));
      const aggregation = windows ? slicedAggregationIn(end, unit, depth) : fc.option(aggregationIn(end, eventTime, unit, depth), { freq: 5 });
      return aggregation.map((aggregate): Plan =>
        oneStage(all, tables, aggregate, aggregate === null ? end.columns : outputOf(aggregate)));
    });
  });
}
const PLAIN_TIME: Omit<EventTime, 'outOfOrderness'> = { column: 'at', shift: 0, watermark: null, idleAfterMs: null, maxDrift: null, maxAhead: null };
const oneStage = (branches: readonly Branch[], tables: readonly StaticTable[], aggregate: Aggregate | null, output: Fields): Plan =>
  ({ version: 2, stages: [{ branches, join: null, deduplicate: null, aggregate, top: null, output }], tables, output, changelog: aggregate === null ? 'append' : changelogOf(aggregate) });
export const outputOf = (aggregate: Aggregate): Fields => [
  ...fieldsAfter(aggregate.keys), ...windowColumns(aggregate.window), ...changelogColumns(aggregate), ...aggregate.aggregates.map(({ name, type, nullable }) => ({ name, type, nullable })),
];
