import type { Expression } from '../expression-tree.js';
import type { Join } from '../join-plan.js';
import { expressionsOfCall, outputsOf, readsSource, type Aggregate, type Branch, type Stage, type Step } from '../plan.js';
import type { Field, Fields } from '../types.js';
import { columnsIn } from '../walk.js';
import type { OptimiserRule } from './rules.js';

/**
 * Computes and reads only what the result needs, stage by stage from the last. A column that nothing uses is not read at all, so a bad value
 * in it makes no dead letter, nor does an unused expression that would fault; the event-time column always stays, and so does what `top` goes by.
 */
export const pruneColumns: OptimiserRule = {
  name: 'pruneColumns',
  isShown: false,
  apply(plan) {
    const needed = plan.stages.map(() => new Set<string>());
    for (const { stage, fields } of outputsOf(plan)) for (const { name } of fields) needed[stage]!.add(name);
    const backwards = plan.stages.map((stage, index) => ({ stage, index })).toReversed();
    const stages = backwards.map(({ stage, index }) => {
      const pruned = prunedStage(stage, needed[index]!);
      for (const { from, source } of pruned.branches) if (!readsSource(from)) for (const { name } of source.schema) needed[from.stage]!.add(name);
      return pruned;
    }).toReversed();
    return { ...plan, stages: stages.map(stage => reading(stage, stages, plan.stages)) };
  },
};

function prunedStage(stage: Stage, needed: ReadonlySet<string>): Stage {
  const aggregate = stage.aggregate && { ...stage.aggregate, aggregates: stage.aggregate.aggregates.filter(call => needed.has(call.name)) };
  const kept = new Set(aggregate?.aggregates.map(call => call.name));
  const calls = new Set(stage.aggregate?.aggregates.map(call => call.name));
  // Of rows that tie, `top` goes by all columns, whether anybody wants them behind it or not.
  const isUsed = (name: string): boolean => stage.top !== null || (aggregate === null ? needed.has(name) : kept.has(name) || !calls.has(name));
  const output = stage.output.filter(({ name }) => isUsed(name));
  if (stage.join !== null) return prunedJoin(stage, stage.join, output);
  const inputs = aggregate === null ? output.map(field => field.name) : columnsIn(expressionsOf(aggregate));
  const others = columnsIn([...stage.deduplicate?.keys.map(key => key.expression) ?? [], ...stage.top?.by ? [stage.top.by] : []]);
  const neededAtEnd = new Set([...inputs, ...others, ...windowOf(stage)]);
  return { ...stage, branches: stage.branches.map(branch => pruned(branch, neededAtEnd)), aggregate, output };
}
/** A join reads its keys, what tells that a row of a table is gone, and what is left of each side's columns. */
function prunedJoin(stage: Stage, join: Join, output: Fields): Stage {
  const columns = join.columns.filter((_column, i) => output.includes(stage.output[i]!));
  const sides = join.sides.map((side, index) => {
    const deleted = index === 1 ? join.asOf?.deleted : null;
    const needed = columnsIn([...side.keys.map(key => key.expression), ...deleted ? [deleted] : []]);
    for (const column of columns) if (column.kind === 'field' && column.side === index) needed.add(column.name);
    return { ...side, fields: side.fields.filter(({ name }) => needed.has(name)) };
  });
  const branches = stage.branches.map(branch => pruned(branch, new Set(sides[branch.side]!.fields.map(field => field.name))));
  return { ...stage, branches, join: { ...join, sides, columns }, output };
}
/** What `top` finds its windows and groups by. */
const windowOf = ({ top, output }: Stage): string[] =>
  (top === null ? [] : [...top.per, ...output.map(field => field.name).filter(name => name === 'windowStart' || name === 'windowEnd')]);

function expressionsOf({ keys, window, aggregates }: Aggregate): Expression[] {
  const zone = window.kind === 'calendar' ? window.zoneColumn : null;
  return [...keys.map(key => key.expression), ...aggregates.flatMap(expressionsOfCall), zone].filter(expression => expression !== null);
}

function pruned(branch: Branch, neededAtEnd: ReadonlySet<string>): Branch {
  let needed = neededAtEnd;
  const steps: Step[] = [];
  for (const step of branch.steps.toReversed()) {
    if (step.kind === 'filter') {
      needed = new Set([...needed, ...columnsIn([step.predicate])]);
      steps.unshift(step);
      continue;
    }
    const columns = step.columns.filter(column => needed.has(column.name));
    needed = columnsIn(columns.map(column => column.expression));
    if (columns.length > 0) steps.unshift({ kind: 'project', columns });
  }
  const { column, watermark } = branch.eventTime ?? { column: null, watermark: null };
  const schema = branch.source.schema.filter(({ name }) => needed.has(name) || name === column || name === watermark);
  return { ...branch, source: { ...branch.source, schema: schema.length > 0 || readsSource(branch.from) ? schema : [cheapest(branch.source.schema)] }, steps };
}

/** Whoever reads a stage or a source reads all columns that any of its readers needs. `before`: the stages as they were. */
const reading = (stage: Stage, stages: readonly Stage[], before: readonly Stage[]): Stage => ({
  ...stage,
  branches: stage.branches.map(branch => ({ ...branch, source: { ...branch.source, schema: readsSource(branch.from) ? wantedOf(branch.from.source, stages, before) : stages[branch.from.stage]!.output } })),
});

function wantedOf(source: number, stages: readonly Stage[], before: readonly Stage[]): Fields {
  const reads = ({ from }: Branch): boolean => readsSource(from) && from.source === source;
  const readers = stages.flatMap(({ branches }) => branches.filter(reads));
  const { schema } = before.flatMap(({ branches }) => branches).find(reads)!.source;
  const wanted = schema.filter(({ name }) => readers.some(reader => reader.source.schema.some(field => field.name === name)));
  return wanted.length > 0 ? wanted : [cheapest(schema)];
}

/** A count of rows needs no column, but batches need one to have rows. */
function cheapest(schema: Fields): Field {
  const variable = new Set(['utf8', 'binary']);
  return schema.find(field => !variable.has(field.type.kind)) ?? schema[0]!;
}
