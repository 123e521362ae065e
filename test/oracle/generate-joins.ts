import fc from 'fast-check';
import type { JoinMatch, JoinWindow } from '../../src/plan/join-plan.ts';
import type { Expression } from '../../src/plan/expression-tree.ts';
import type { Branch, NamedExpression, Plan, Step } from '../../src/plan/plan.ts';
import type { DataType, Field, Fields, Row, Value } from '../../src/plan/types.ts';
import { joinPlan, keysOf, type SideParts } from '../support/join-plans.ts';
import { agg, aggregatePlan, col, lit, timeOf } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { expression } from './generate-expressions.ts';
import { ALL_TYPES, BOOL, FLOAT64, fieldsOf, INT32, INT64, UTF8, valueOf } from './generate-values.ts';

/** Whole plans of joins, and rows for them. */

export interface JoinOptions {
  readonly mostSides: number;
  /** Depth of the expressions in the steps before the join and in its keys; 0: there are none. */
  readonly depth: number;
  readonly types?: readonly DataType[];
  /** Whether windows of event time may stand in the place of bounds. */
  readonly windows?: boolean;
  /** Whether the other side may be a table that changes; true: it always is. */
  readonly asOf?: boolean;
  /** Whether a side may be a union. */
  readonly unions?: boolean;
  /** Whether numbers of matches may come as changes. */
  readonly changes?: boolean;
}

const DECIMAL: DataType = { kind: 'decimal', precision: 9, scale: 2 };
const DICTIONARY: DataType = { kind: 'dictionary', index: 'int32' };
/** Words, halves of words, texts, codes of dictionaries that differ from side to side, several columns, none. */
const KEYS: readonly (readonly DataType[])[] = [
  [INT64], [INT64], [UTF8], [UTF8], [FLOAT64], [DECIMAL], [BOOL], [DICTIONARY], [{ kind: 'int16' }], [{ kind: 'date' }], [{ kind: 'binary' }], [{ kind: 'float32' }],
  [INT64, UTF8], [BOOL, INT32], [FLOAT64, FLOAT64], [UTF8, DICTIONARY, { kind: 'timestamp', unit: 'us' }], [],
];
/** In ms, as the gaps between rows are. */
const LENGTHS = [0, 1, 2, 7, 40, 300];

interface Shape {
  readonly windowed: boolean;
  readonly unit: 'ms' | 'us';
  readonly keys: readonly DataType[];
}

/** What a side does, and whether it keeps what does not match. */
const matchesOf = (sides: number): fc.Arbitrary<{ match: JoinMatch; keepsUnmatched: boolean }[]> => {
  const of = (...matches: JoinMatch[]): fc.Arbitrary<JoinMatch> => fc.constantFrom(...matches);
  const alone = (list: fc.Arbitrary<JoinMatch[]>): fc.Arbitrary<{ match: JoinMatch; keepsUnmatched: boolean }[]> => list.map(all => all.map(match => ({ match, keepsUnmatched: false })));
  if (sides === 2) {
    return fc.tuple(of('inner', 'optional', 'semi', 'anti', 'count'), fc.boolean())
      .map(([match, keeps]) => [{ match, keepsUnmatched: keeps && (match === 'inner' || match === 'optional') }]);
  }
  const length = { minLength: sides - 1, maxLength: sides - 1 };
  return fc.oneof(alone(fc.array(of('inner', 'optional'), length)), alone(fc.array(of('count'), length)));
};

/** A column of each key, others, and the time. The names are the same in all sides. */
function sideOf({ keys, unit, windowed }: Shape, { depth, types = ALL_TYPES, unions = false }: JoinOptions, match: JoinMatch, keepsUnmatched: boolean): fc.Arbitrary<SideParts> {
  const scale = unit === 'us' ? 1000 : 1;
  const length = fc.constantFrom(...LENGTHS).map(ms => ms * scale);
  return fc.record({
    nullable: fc.array(fc.boolean(), { minLength: keys.length, maxLength: keys.length }), others: fieldsOf(types, { min: 0, max: 3 }),
    before: length, after: length, outOfOrderness: fc.constantFrom(0, 0, 3, 30, 300).map(ms => ms * scale), branches: fc.constantFrom(1, 1, 1, unions ? 2 : 1),
  }).chain(({ nullable, others, before, after, outOfOrderness, branches }) => {
    const own = keys.map((type, i): Field => ({ name: `k${i}`, type, nullable: nullable[i]! }));
    const schema: Fields = [...own, ...others, { name: 'at', type: { kind: 'timestamp', unit }, nullable: false }];
    const ends = schema.map(asText);
    const base: SideParts = { schema, fields: ends.map(fieldOf), keys: keysOf(...own.map(asText).map(fieldOf)), outOfOrderness, within: windowed || match === 'left' ? [0, 0] : [before, after], match, keepsUnmatched, steps: Array.from({ length: branches }, () => []) };
    const texts: Step[] = schema.some(({ type }) => type.kind === 'dictionary') ? [{ kind: 'project', columns: ends }] : [];
    if (depth === 0) return fc.constant({ ...base, steps: base.steps!.map(() => texts) });
    const scope = { columns: schema, tables: [] };
    // Random predicates turn most rows away: not too many of them.
    const filters = fc.array(fc.oneof({ arbitrary: fc.constant(null), weight: 6 }, expression(BOOL, scope, depth).map((predicate): Step => ({ kind: 'filter', predicate }))), { minLength: branches, maxLength: branches });
    // What is projected is used: what a projection computes for nobody, the engine may compute or not.
    const brings = match === 'left' || match === 'inner' || match === 'optional';
    const extra = brings ? fc.option(expression(INT64, scope, depth).map((e): NamedExpression => ({ name: 'p', expression: e }))) : fc.constant(null);
    return fc.record({ heads: filters, computed: extra }).chain(({ heads, computed }) => {
      const columns = computed === null ? ends : [...ends, computed];
      const steps = heads.map(head => [...(head === null ? [] : [head]), ...(computed === null ? texts : [{ kind: 'project' as const, columns }])]);
      const fields = columns.map(fieldOf);
      const keyOf = (name: string): fc.Arbitrary<NamedExpression> => {
        const field = fields.find(one => one.name === name)!;
        return fc.oneof({ arbitrary: fc.constant(col(field)), weight: 12 }, expression(field.type, { columns: fields, tables: [] }, depth)).map(e => ({ name, expression: e }));
      };
      return fc.tuple(...own.map(({ name }) => keyOf(name))).map((sideKeys): SideParts => ({ ...base, fields, keys: sideKeys, steps }));
    });
  });
}
/** Codes of a dictionary mean nothing beside those of another batch: a join gets text. */
const asText = (field: Field): NamedExpression =>
  ({ name: field.name, expression: field.type.kind === 'dictionary' ? { op: 'cast', type: UTF8, nullable: field.nullable, args: [col(field)] } : col(field) });
const fieldOf = ({ name, expression: { type, nullable } }: NamedExpression): Field => ({ name, type, nullable });

const windowOf = (scale: number): fc.Arbitrary<JoinWindow> => fc.record({ one: fc.constantFrom(1, 7, 40, 300), times: fc.constantFrom(1, 1, 2, 2.5, 4), offset: fc.constantFrom(0, 3) })
  .map(({ one, times, offset }) => ({ size: Math.ceil(one * times) * scale, slide: one * scale, offset: (offset * scale) % (one * scale) }));

export function joinOf(options: JoinOptions): fc.Arbitrary<Plan> {
  return options.asOf === true ? asOfJoinOf(options) : boundedJoinOf(options);
}
/** A table whose rows are versions. */
function asOfJoinOf(options: JoinOptions): fc.Arbitrary<Plan> {
  return fc.record({
    keys: fc.constantFrom(...KEYS), unit: fc.constantFrom('ms' as const, 'ms' as const, 'us' as const), accept: fc.constantFrom(0, 0, 0, 2, 50, 400),
    match: fc.constantFrom('inner' as const, 'optional' as const), within: fc.option(fc.constantFrom(...LENGTHS), { freq: 2 }),
  }).chain(({ keys, unit, accept, match, within }) => {
    const scale = unit === 'us' ? 1000 : 1;
    const side = (of: JoinMatch): fc.Arbitrary<SideParts> => sideOf({ windowed: true, unit, keys }, options, of, false);
    return fc.tuple(side('left'), side(match)).chain(([left, table]) => {
      const condition = expression(BOOL, { columns: table.fields ?? table.schema, tables: [] }, 1).map((gone): Expression => ({ op: 'coalesce', type: BOOL, nullable: false, args: [gone, lit(false, BOOL)] }));
      return fc.option(condition, { freq: 2 }).map(deleted =>
        joinPlan({ sides: [left, table], mode: 'final', accept: accept * scale, asOf: { deleted, within: within === null ? null : within * scale } }));
    });
  });
}
function boundedJoinOf(options: JoinOptions): fc.Arbitrary<Plan> {
  return fc.record({
    sides: fc.constantFrom(2, 2, 2, ...Array.from({ length: options.mostSides - 2 }, (_, i) => i + 3)),
    keys: fc.constantFrom(...KEYS), unit: fc.constantFrom('ms' as const, 'ms' as const, 'us' as const), windowed: fc.constantFrom(false, false, options.windows === true),
    mode: fc.constantFrom('eager' as const, 'final' as const), accept: fc.constantFrom(0, 0, 0, 2, 50, 400), changes: fc.boolean().map(chosen => chosen && options.changes === true),
  }).chain(({ sides, keys, unit, windowed, mode, accept, changes }) => matchesOf(sides).chain(matches => {
    const shape = { windowed, unit, keys };
    const scale = unit === 'us' ? 1000 : 1;
    const all = [{ match: 'left' as const, keepsUnmatched: false }, ...matches].map(({ match, keepsUnmatched }) => sideOf(shape, options, match, keepsUnmatched));
    return fc.record({ parts: fc.tuple(...all), window: windowed ? windowOf(scale) : fc.constant(null) })
      .map(({ parts, window }) => joinPlan({ sides: parts, mode: changes && mode === 'eager' && matches[0]!.match === 'count' ? 'changes' : mode, accept: accept * scale, window }));
  }));
}

/** All sides read one source, whose rows have an event time that the first side says. */
export function selfJoinOf(options: JoinOptions): fc.Arbitrary<Plan> {
  return joinOf({ ...options, depth: 0, unions: false }).map(plan => {
    const { join, branches: [first] } = plan.stages[0]!;
    const parts = join!.sides.map(({ match, keepsUnmatched, before, after }): SideParts => {
      const { fields, keys } = join!.sides[0]!;
      return { schema: first!.source.schema, fields, keys, steps: [first!.steps], within: [before, after], match, keepsUnmatched };
    });
    const self = joinPlan({ sides: parts, mode: join!.mode, accept: join!.accept, window: join!.window, asOf: join!.asOf && { ...join!.asOf, deleted: null } });
    const branches = self.stages[0]!.branches.map(branch => ({ ...branch, source: first!.source, from: { source: 0 }, eventTime: first!.eventTime }));
    return { ...self, stages: [{ ...self.stages[0]!, branches }] };
  });
}

/** Rows of a join by another key and minute, where nothing is taken back: how many, and the least and the last of a column. */
export const counted = (plan: Plan): fc.Arbitrary<Plan> => fc.record({ column: fc.nat(), size: fc.constantFrom(1, 10, 1_000), accept: fc.constant(0) }).map(({ column, size }) => {
  const time = plan.output.find(({ name }) => name === 'time')!;
  // Not the bounds of the join's window: a result has columns of these names already.
  const keys = plan.output.filter(({ name }) => name !== 'windowStart' && name !== 'windowEnd');
  const key = keys[column % keys.length]!;
  const unit = time.type.kind === 'timestamp' ? time.type.unit : 'ms';
  const next = aggregatePlan({
    schema: plan.output, keys: key === time ? [] : [key], window: { kind: 'tumbling', size: unit === 'us' ? size * 1000 : size, offset: 0, unit },
    aggregates: [agg('rows', 'count'), agg('least', 'min', col(time)), agg('some', 'count', col(key))],
  });
  const stage = next.stages[0]!;
  const branches = stage.branches.map(branch => ({ ...branch, source: { name: 'joined', schema: plan.output }, from: { stage: plan.stages.length - 1 }, eventTime: timeOf({ column: 'time', outOfOrderness: 0 }) }));
  return { ...plan, stages: [...plan.stages, { ...stage, branches }], output: next.output, changelog: 'append' };
});

/** Rows of one source after another. `rows` null: it has ended. */
export interface JoinFeed { readonly branch: number; readonly rows: readonly Row[] | null }
export interface JoinData { readonly feeds: readonly JoinFeed[]; readonly shape: object }

/** Keys are drawn from a few that all sides share, so that they meet. */
export function feedsFor(plan: Plan, rows: (sides: number) => fc.Arbitrary<number>, bad = true): fc.Arbitrary<JoinData> {
  const { join } = plan.stages[0]!;
  const branches = sourcesOf(plan);
  const shape = fc.record({
    rows: fc.noBias(rows(join!.sides.length)), seed: fc.nat(), hot: fc.constantFrom(0, 0.3, 0.9), burst: fc.constantFrom(1, 2, 5, 30),
    step: fc.constantFrom(0, 1, 1, 9, 500), jitter: fc.constantFrom(0, 2, 60, 300, 3_000), ends: fc.constantFrom(0, 0, 0.02), badEvery: fc.constantFrom(0, 0, 0, bad ? 13 : 0),
  });
  const keyTypes = branches[0]!.source.schema.filter(({ name }) => /^k\d/.test(name)).map(({ type }) => type);
  const keys = fc.array(fc.tuple(...keyTypes.map(type => fc.option(valueOf(type), { freq: 6 }))), { minLength: 1, maxLength: 5 });
  const pools = fc.tuple(...branches.map(({ source }) => fc.tuple(...source.schema.map(({ type, nullable }) =>
    fc.array(nullable ? fc.option(valueOf(type), { freq: 3 }) : valueOf(type), { minLength: 1, maxLength: 5 })))));
  return fc.record({ shape, keys, pools }).map(drawn => ({ feeds: deal(plan, drawn), shape: drawn.shape }));
}

/** For each source the first branch that reads it. */
const sourcesOf = (plan: Plan): Branch[] => plan.stages[0]!.branches.filter(({ from }, i, all) => all.findIndex(other => JSON.stringify(other.from) === JSON.stringify(from)) === i);

interface Drawn {
  readonly shape: { rows: number; seed: number; hot: number; burst: number; step: number; jitter: number; ends: number; badEvery: number };
  readonly keys: readonly (readonly Value[])[];
  /** By branch and column. */
  readonly pools: readonly (readonly (readonly Value[])[])[];
}
function deal(plan: Plan, { shape, keys, pools }: Drawn): JoinFeed[] {
  const random = new Random(shape.seed);
  const branches = sourcesOf(plan);
  const feeds: JoinFeed[] = [];
  const open = branches.map((_branch, index) => index);
  let now = 0;
  let left = shape.rows;
  while (left > 0 && open.length > 0) {
    const branch = random.pick(open);
    if (random.chance(shape.ends) && open.length > 1) {
      open.splice(open.indexOf(branch), 1);
      feeds.push({ branch, rows: null });
      continue;
    }
    const rows = Array.from({ length: Math.min(left, 1 + random.below(shape.burst)) }, (): Row => {
      const key = random.chance(shape.hot) ? keys[0]! : random.pick(keys);
      now += random.below(2 * shape.step + 1);
      const ms = 1_700_000_000_000 + now - random.below(shape.jitter + 1);
      const row = Object.fromEntries(branches[branch]!.source.schema.map(({ name, type, nullable }, i): [string, Value] => {
        if (name === 'at') return ['at', type.kind === 'timestamp' && type.unit === 'us' ? BigInt(ms) * 1000n + BigInt(random.below(3)) : ms];
        const drawn = /^k\d/.test(name) ? key[Number(name.slice(1))]! : random.pick(pools[branch]![i]!);
        return [name, drawn === null && !nullable ? pools[branch]![i]![0]! : drawn];
      }));
      return shape.badEvery > 0 && random.below(shape.badEvery) === 0 ? { ...row, at: null } : row;
    });
    left -= rows.length;
    feeds.push({ branch, rows });
  }
  return feeds;
}
