import type { Expression, StaticTable } from './expression-tree.js';
import type { DataType, Field, Fields } from './types.js';
import type { Join } from './join-plan.js';
import type { Window } from './window-plan.js';

export type { Window } from './window-plan.js';

/** What `pipeline.plan()` returns: frozen plain JSON that says everything about a job but where its rows come from and go to. */
export interface Plan {
  readonly version: 2;
  /** At least one. Each reads any mixture of sources and stages before it; the last one's output is the result. */
  readonly stages: readonly Stage[];
  readonly tables: readonly StaticTable[];
  /** The columns of the result, the first one where there are several. */
  readonly output: Fields;
  /** 'append': a row is final. 'updating': rows of the same keys and window replace each other, the greatest `version` counts. */
  readonly changelog: Changelog;
  /** Of a job with several sinks: what goes to each. Else there is one result, that of the last stage. */
  readonly outputs?: readonly PlanOutput[];
}
export interface PlanOutput {
  /** Whose results it is. Other stages may read them, too. */
  readonly stage: number;
  readonly fields: Fields;
  readonly changelog: Changelog;
}
/** 'retracting': a row may be taken back by one that is equal in all but its column `retracted`. */
export type Changelog = 'append' | 'updating' | 'retracting';

/** Stateless steps, and at most one operator with state behind them: of `join`, `deduplicate`, `aggregate` and `top` at most one is not null. */
export interface Stage {
  /** In the order of the inputs; a union has several. */
  readonly branches: readonly Branch[];
  readonly join: Join | null;
  readonly deduplicate: Deduplicate | null;
  readonly aggregate: Aggregate | null;
  readonly top: Top | null;
  /** The columns of the stage's results. */
  readonly output: Fields;
}

/** One input and the stateless steps behind it. Every branch of a stage, or of one side of a join, ends in the same columns. */
export interface Branch {
  /** Which side of a join it feeds; else 0. */
  readonly side: number;
  /** `source.schema` are the columns of the input, also where it is a stage. */
  readonly source: { readonly name: string; readonly schema: Fields };
  readonly from: Input;
  /**
   * Added to the watermark that the input states. Behind `dedupe` that is `within` less than it could be, or what it lets through would be late;
   * a join whose rows may be taken back accepts it instead, and what is behind need not wait. Only where it is not 0.
   */
  readonly catchesUp?: number;
  /** null: the input has no event time. */
  readonly eventTime: EventTime | null;
  readonly steps: readonly Step[];
}
/**
 * A source, by its number among those of the job, or the results of an earlier stage. What several branches read is read once and given
 * to each of them.
 */
export type Input = { readonly source: number } | { readonly stage: number };
export const readsSource = (from: Input): from is { readonly source: number } => 'source' in from;

/**
 * How far event time has come. Lengths are in the unit of the column (a date counts ms). Where the input is a stage only `column` and
 * `shift` say something: the stage has a watermark.
 */
export interface EventTime {
  /** A timestamp or date column of the input's schema. */
  readonly column: string;
  /** Added to the column: -1 for results of windows, which happened just before `windowEnd`; else 0. */
  readonly shift: number;
  readonly outOfOrderness: number;
  /** A timestamp column of the same unit whose running maximum is the watermark; null: the greatest event time less `outOfOrderness`. */
  readonly watermark: string | null;
  /** An input without rows for so long no longer holds the others back. null: never. */
  readonly idleAfterMs: number | null;
  /** An input that is ahead of the slowest by more waits. null: any. */
  readonly maxDrift: number | null;
  /** A row that is ahead of the clock by more is a dead letter, `FUTURE_TIME`. null: none is. */
  readonly maxAhead: number | null;
}
export type Step =
  | { readonly kind: 'filter'; readonly predicate: Expression }
  /** Replaces all columns: `columns[i]` may be a bare column. The event time stays a row's own whatever the projection. */
  | { readonly kind: 'project'; readonly columns: readonly NamedExpression[] };
export interface NamedExpression {
  readonly name: string;
  readonly expression: Expression;
}

/** A row goes when one with the same keys and an event time at most `within` away was let through before it. The columns stay. */
export interface Deduplicate {
  readonly keys: readonly NamedExpression[];
  /** In the unit of event time. */
  readonly within: number;
}

export interface Aggregate {
  /** Over the columns a branch ends in. Empty: one group. A null is a group. */
  readonly keys: readonly NamedExpression[];
  readonly window: Window;
  readonly aggregates: readonly AggregateCall[];
  /** For so long after its end a window takes late rows, in the unit of event time. */
  readonly accept: number;
  readonly emit: Emit;
}
export interface Emit {
  /** 'close': at the end of the window, and again as late rows change it. 'final': once, when no row can change it any more. */
  readonly when: 'close' | 'final';
  /** Besides: what there is so far, every so many ms of the clock. */
  readonly earlyMs: number | null;
}

/**
 * The `n` rows with the greatest (or least) `by` of each window and each combination of `per`, when the window is complete. Both null: all rows,
 * in the order of event time and, of one time, of their columns; for what goes by the order of rows behind a stage, whose results come in none.
 */
export interface Top {
  readonly n: number | null;
  readonly by: Expression | null;
  readonly descending: boolean;
  /** Columns of the input, besides `windowStart` and `windowEnd`. */
  readonly per: readonly string[];
}

export type AggregateFunction =
  | 'count' | 'sum' | 'min' | 'max' | 'mean' | 'variance' | 'variancePopulation' | 'stddev' | 'stddevPopulation'
  | 'first' | 'last' | 'boolAnd' | 'boolOr' | 'argMin' | 'argMax'
  | 'countDistinct' | 'approxCountDistinct' | 'quantile' | 'topN' | 'bottomN' | 'mostFrequent' | 'collectList' | 'user' | 'reduce';
/** Constants of an aggregate: which there are depends on its function. */
export interface AggregateOptions {
  /** Which quantile, 0 to 1. */
  readonly q?: number;
  /** Of quantiles: the relative error. */
  readonly accuracy?: number;
  /** Of lists: how many values at most. */
  readonly limit?: number;
  /** Of the user's own (`user`, `reduce`): the URL of the module and the name of the export. */
  readonly module?: string;
  readonly name?: string;
  /** Of `user`: whether `finish` may return null. */
  readonly nullable?: boolean;
}
/** Result columns: keys, those of the window (`windowColumns`), those of a changelog (`changelogColumns`), then aggregates. */
export interface AggregateCall {
  readonly name: string;
  readonly fn: AggregateFunction;
  /** null for `count` of rows, and for a user-defined aggregate of no columns. */
  readonly input: Expression | null;
  /** Further inputs, where there are any: of `argMin` and `argMax` the compared column, of a user-defined one its second and those that follow. */
  readonly more?: readonly Expression[];
  readonly options?: AggregateOptions;
  /** Rows for which this is not true do not count for this aggregate (SQL `FILTER (WHERE …)`). */
  readonly where: Expression | null;
  readonly type: DataType;
  readonly nullable: boolean;
}

/** What a window adds to the columns of a result. */
export function windowColumns(window: Window): readonly Field[] {
  if (window.kind === 'global') return [];
  if (window.kind === 'count') return [{ name: 'windowNumber', type: { kind: 'int64' }, nullable: false }];
  return ['windowStart', 'windowEnd'].map(name => ({ name, type: { kind: 'timestamp', unit: window.unit }, nullable: false }));
}

/** Whether results come out more than once. */
export const changelogOf = ({ accept, emit }: Pick<Aggregate, 'accept' | 'emit'>): Changelog =>
  (emit.earlyMs !== null || (accept > 0 && emit.when !== 'final') ? 'updating' : 'append');
/** In a stream of revisions, where a result can vanish: this one has. */
export const DELETED: Field = { name: 'deleted', type: { kind: 'bool' }, nullable: false };
/** `version` grows with each revision of a group's window; `deleted`, where windows can vanish by merging, says that one has. */
export function changelogColumns(aggregate: Pick<Aggregate, 'accept' | 'emit' | 'window'>): readonly Field[] {
  if (changelogOf(aggregate) === 'append') return [];
  const version: Field = { name: 'version', type: { kind: 'int64' }, nullable: false };
  return aggregate.window.kind === 'session' ? [version, DELETED] : [version];
}

export const outputsOf = ({ outputs, stages, output: fields, changelog }: Plan): readonly PlanOutput[] => outputs ?? [{ stage: stages.length - 1, fields, changelog }];

/** A plan of one stage of another. */
export const stagePlan = (plan: Plan, stage: number): Plan => ({ ...plan, stages: [plan.stages[stage]!], output: plan.stages[stage]!.output });

/** The columns that tell which result a row is, and which version of it: keys, window, changelog. */
export const identityFields = (aggregate: Aggregate): Field[] => [
  ...aggregate.keys.map(({ name, expression: { type, nullable } }): Field => ({ name, type, nullable })), ...windowColumns(aggregate.window), ...changelogColumns(aggregate),
];

/** The columns of an aggregate's results. Where a result can vanish, aggregates may be null: those of a deleted row are. */
export function resultFields(aggregate: Aggregate): Field[] {
  const identity = identityFields(aggregate);
  const vanishing = identity.includes(DELETED);
  return [
    ...identity,
    ...aggregate.aggregates.map(({ name, type, nullable }) => ({ name, type, nullable: nullable || vanishing })),
  ];
}

/** Whether an aggregate is 0 and not null where there are no rows. */
export const isCount = (fn: AggregateFunction): boolean => fn === 'count' || fn === 'countDistinct' || fn === 'approxCountDistinct';
/** Whether the place of a row in event time decides which value an aggregate gives. */
export const goesByTime = (fn: AggregateFunction): boolean => ['first', 'last', 'argMin', 'argMax', 'collectList'].includes(fn);
/** Every expression of an aggregate call. */
export const expressionsOfCall = ({ input, more = [], where }: AggregateCall): Expression[] =>
  [input, ...more, where].filter(expression => expression !== null);

/** The first stage of a plan: for readers of plans of one stage. */
export const firstStage = (plan: Plan): Stage => plan.stages[0]!;
