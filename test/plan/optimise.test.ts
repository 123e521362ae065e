import { expect, test } from 'vitest';
import { count, lit, schema, stream, sum, t, tumbling } from '../../src/index.ts';
import { finishPlan } from '../../src/plan/finish.ts';
import { dropNarrowing } from '../../src/plan/optimise/drop-narrowing.ts';
import { pruneColumns } from '../../src/plan/optimise/prune-columns.ts';
import type { OptimiserRule } from '../../src/plan/optimise/rules.ts';
import type { OutputNode } from '../../src/pipeline/output.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { fakeSource } from './fakes.ts';

const Wide = schema({ text: t.utf8, a: t.int32, b: t.int32, c: t.int32, at: t.timestamp });
const wide = stream(fakeSource(), Wide);
const planWith = (pipeline: unknown, ...rules: OptimiserRule[]): Plan => finishPlan((pipeline as OutputNode).draft, rules).plan;
const read = (plan: Plan): string[] => plan.stages[0]!.branches[0]!.source.schema.map(field => field.name);
const shape = (plan: Plan): string[] => plan.stages[0]!.branches[0]!.steps.map(step => (step.kind === 'filter' ? 'filter' : step.columns.map(column => column.name).join(',')));

test('without rules the plan is what was said', () => {
  const plan = planWith(wide.select('a', 'b').filter(row => row.a.gt(1)).select('a'));
  expect(read(plan)).toEqual(['text', 'a', 'b', 'c', 'at']);
  expect(shape(plan)).toEqual(['a,b', 'filter', 'a']);
});
test('pruneColumns reads what is used, and the event time', () => {
  const timed = wide.eventTime('at').with(row => ({ d: row.b.add(1), e: row.c.add(1) })).filter(row => row.d.gt(1)).groupBy('a').window(tumbling('1m')).aggregate(row => ({ n: count(), s: sum(row.a) }));
  const plan = planWith(timed, pruneColumns);
  expect(read(plan)).toEqual(['a', 'b', 'at']);
  expect(shape(plan)).toEqual(['a,d', 'filter']);
});
test('pruneColumns leaves a column to count rows by', () => {
  const plan = planWith(wide.map(() => ({ one: lit(1) })).aggregate(() => ({ n: count() })), pruneColumns);
  expect(read(plan)).toEqual(['a']);
  expect(shape(plan)).toEqual([]);
});
test('pruneColumns keeps every column of a result', () => {
  expect(read(planWith(wide.filter(row => row.a.gt(1)), pruneColumns))).toEqual(['text', 'a', 'b', 'c', 'at']);
});
test('dropNarrowing keeps the projection that makes the result', () => {
  const narrowed = wide.select('a', 'b').filter(row => row.b.gt(1)).select('a');
  expect(shape(planWith(narrowed, dropNarrowing))).toEqual(['filter', 'a']);
  expect(shape(planWith(narrowed, pruneColumns, dropNarrowing))).toEqual(['filter', 'a']);
  expect(shape(planWith(wide.select('b', 'a'), pruneColumns, dropNarrowing))).toEqual(['b,a']);
  expect(shape(planWith(wide.select('a', 'b'), pruneColumns, dropNarrowing))).toEqual([]);
  expect(shape(planWith(wide.map(row => ({ a: row.b, b: row.a })).select('a', 'b'), pruneColumns, dropNarrowing))).toEqual(['a,b', 'a,b']);
  expect(shape(planWith(wide.select('a', 'b').aggregate(row => ({ n: sum(row.a) })), dropNarrowing))).toEqual([]);
});
test('pruneColumns goes from stage to stage', () => {
  const minutes = wide.eventTime('at').groupBy('text').window(tumbling('1m')).aggregate(row => ({ n: count(), s: sum(row.a), unused: sum(row.b) }));
  const plan = planWith(minutes.dedupe('text', { within: '1h' }).with(row => ({ more: row.n.add(1n) })).select('text', 'windowStart', 'windowEnd', 's').top(3, row => row.s).select('text'), pruneColumns);
  const columns = plan.stages.map(stage => stage.output.map(field => field.name).join(','));
  expect(columns).toEqual(['text,windowStart,windowEnd,s', 'text,windowStart,windowEnd,s', 'text,windowStart,windowEnd,s', 'text']);
  expect(plan.stages.map(stage => stage.branches[0]!.source.schema.map(field => field.name).join(','))).toEqual(['text,a,at', ...columns.slice(0, 3)]);
  expect(plan.stages[0]!.aggregate!.aggregates.map(call => call.name)).toEqual(['s']);
  const used = { columns: [{ name: 'text' }, { name: 'windowStart' }, { name: 'windowEnd' }, { name: 's' }] };
  expect(plan.stages[2]!.branches[0]!.steps).toMatchObject([used, used]);
});
test('pruneColumns leaves top the columns that break ties, wanted behind it or not', () => {
  const minutes = wide.eventTime('at').groupBy('text', 'c').window(tumbling('1m')).aggregate(row => ({ n: count(), s: sum(row.a) }));
  const plan = planWith(minutes.top(3, row => row.n).select('n').aggregate(row => ({ most: sum(row.n) })), pruneColumns);
  expect(plan.stages.map(stage => stage.output.map(field => field.name).join(','))).toEqual(['text,c,windowStart,windowEnd,n,s', 'text,c,windowStart,windowEnd,n,s', 'most']);
  expect(read(plan)).toEqual(['text', 'a', 'c', 'at']);
});
test('a stage that needs no column of another still has its rows', () => {
  const plan = planWith(wide.aggregate(row => ({ n: sum(row.a) })).aggregate(() => ({ rows: count() })), pruneColumns);
  expect(plan.stages[0]!.output.length).toBeGreaterThan(0);
  expect(plan.stages[1]!.branches[0]!.source.schema).toEqual(plan.stages[0]!.output);
});
