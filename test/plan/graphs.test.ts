import { describe, expect, test } from 'vitest';
import { count, schema, stream, sum, t, together, tumbling } from '../../src/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { errorOf, fakeSink, fakeSource } from './fakes.ts';

const View = schema({ id: t.utf8, page: t.utf8, ms: t.int32, at: t.timestamp });
const views = (name = 'views') => stream(fakeSource({ name }), View).eventTime('at');
type Views = ReturnType<typeof views>;
const perMinute = (rows: Views) => rows.groupBy('page').window(tumbling('1m')).aggregate(row => ({ n: count(), ms: sum(row.ms) }));

/** `0: s0 s1; 1: 0 s0`: what each stage reads. */
const graph = (plan: Plan): string => plan.stages.map(({ branches }, stage) =>
  `${stage}: ${branches.map(({ from }) => ('source' in from ? `s${from.source}` : String(from.stage))).join(' ')}`).join('; ');
const read = (plan: Plan, stage: number, branch = 0): string => plan.stages[stage]!.branches[branch]!.source.schema.map(field => field.name).join(' ');

describe('union', () => {
  test('of results, of results and rows', () => {
    const [a, b] = [perMinute(views('a')), perMinute(views('b'))];
    const both = a.union(b);
    expect(graph(both.plan())).toBe('0: s0; 1: s1; 2: 0 1');
    expect(both.to(fakeSink()).description.sources.map(source => source.name)).toEqual(['a', 'b']);
    expect(both.plan().stages[2]!.branches).toMatchObject([{ source: { name: 'the results of stage 0' }, eventTime: { column: 'windowEnd', shift: -1 } }, { source: { name: 'the results of stage 1' } }]);
    const hours = both.groupBy('page').window(tumbling('1h')).aggregate(row => ({ n: sum(row.n) }));
    expect(graph(hours.plan())).toBe('0: s0; 1: s1; 2: 0 1');
    expect(graph(hours.filter(row => row.n.gt(1)).plan())).toBe('0: s0; 1: s1; 2: 0 1; 3: 2');
    const rows = views('c').map(row => ({ page: row.page, n: row.ms.cast(t.int64) }));
    expect(graph(rows.union(a.map(row => ({ page: row.page, n: row.n }))).plan())).toBe('0: s1; 1: s0 0');
  });
  test('of one stream with itself: read once', () => {
    const rows = views();
    const plan = rows.filter(row => row.ms.gt(1)).select('page', 'at').union(rows.map(row => ({ page: row.id, at: row.at }))).plan();
    expect(graph(plan)).toBe('0: s0 s0');
    expect([read(plan, 0, 0), read(plan, 0, 1)]).toEqual(['id page ms at', 'id page ms at']);
    expect(graph(rows.union(views()).plan())).toBe('0: s0 s1');
  });
  test('of one aggregate with itself: computed once', () => {
    const minutes = perMinute(views());
    const plan = minutes.filter(row => row.n.gt(1n)).select('page', 'n').union(minutes.map(row => ({ page: row.page, n: row.ms }))).plan();
    expect(graph(plan)).toBe('0: s0; 1: 0 0');
    expect(plan.stages[0]!.output.map(field => field.name)).toEqual(['page', 'windowStart', 'windowEnd', 'n', 'ms']);
    expect(graph(perMinute(views()).union(perMinute(views())).plan())).toBe('0: s0; 1: s1; 2: 0 1');
  });
  test('late() and first() go by what a stage reads', () => {
    const minutes = perMinute(views()).map(row => ({ page: row.page }));
    const mixed = views('other').select('page').union(minutes).window(tumbling('1h')).aggregate(() => ({ n: count() }));
    expect(mixed.late({ accept: '1h' }).plan().changelog).toBe('updating');
    expect(errorOf(() => minutes.union(perMinute(views()).select('page')).window(tumbling('1h')).aggregate(() => ({ n: count() })).late({ accept: '1h' })).message).toContain('behind the first aggregate');
  });
  test('refused', () => {
    const source = fakeSource({ name: 'views' });
    const [one, other] = [stream(source, View).eventTime('at'), stream(source, View).eventTime('at', { outOfOrderness: '1m' })];
    expect(errorOf(() => one.union(other).plan()).message).toBe('PLAN_INVALID: views is read once for all its uses, so they must agree on its schema and event time: use one stream(…) pipeline for all of them, or make a source for each.');
    expect(errorOf(() => (perMinute(one).late({ accept: '1m' }) as any).union(perMinute(one))).message).toContain('A union cannot stand behind results that are revised');
    expect(errorOf(() => one.union(perMinute(one) as never)).message).toContain('pipelines with the same columns');
    expect(errorOf(() => (one.deadLetters({ ...fakeSink(), name: 'a' }) as any).union(one.deadLetters({ ...fakeSink(), name: 'b' }))).message).toContain('one sink for dead letters among them, not a and b');
  });
});

describe('several outputs', () => {
  const outputs = (plan: Plan): string => plan.outputs!.map(({ stage, fields }) => `${stage} (${fields.map(field => field.name).join(' ')})`).join(', ');
  test('share what they have in common', () => {
    const minutes = perMinute(views());
    const plan = together(minutes.to(fakeSink()), minutes.filter(row => row.n.gt(1n)).select('n').to(fakeSink())).plan();
    expect(graph(plan)).toBe('0: s0; 1: 0');
    expect(outputs(plan)).toBe('0 (page windowStart windowEnd n ms), 1 (n)');
    expect(plan.output).toEqual(plan.outputs![0]!.fields);
    const both = together(minutes.to(fakeSink()), minutes.to(fakeSink())).plan();
    expect([graph(both), outputs(both)]).toEqual(['0: s0', '0 (page windowStart windowEnd n ms), 0 (page windowStart windowEnd n ms)']);
    const separate = together(minutes.to(fakeSink()), perMinute(views('others')).to(fakeSink())).plan();
    expect(graph(separate)).toBe('0: s0; 1: s1');
  });
  test('need all their columns, and what others read is pruned', () => {
    const minutes = perMinute(views());
    const plan = together(minutes.select('n').to(fakeSink()), minutes.filter(row => row.n.gt(1n)).select('page').to(fakeSink())).plan();
    expect(plan.stages[0]!.output.map(field => field.name)).toEqual(['page', 'windowStart', 'windowEnd', 'n']);
    expect(read(plan, 0)).toBe('page at');
  });
  test('a stage that lost its time has it for others, not for its own sink', () => {
    const fresh = views().select('page').dedupe('page', { within: '1m' });
    const plan = together(fresh.to(fakeSink()), fresh.window(tumbling('1h')).aggregate(() => ({ n: count() })).to(fakeSink())).plan();
    expect(outputs(plan)).toBe('1 (page), 2 (windowStart windowEnd n)');
    expect([graph(plan), read(plan, 1)]).toEqual(['0: s0; 1: 0; 2: 0', 'page $time']);
  });
  test('a condition stays behind a join that is given out, too', () => {
    const joined = views('a').join(views('b'), { on: 'id', within: '1m', select: (one, other) => ({ page: one.page, ms: other.ms }) });
    const filtered = joined.filter(row => row.ms.gt(1));
    const joins = (plan: Plan): string[] => plan.stages.filter(stage => stage.join !== null).flatMap(({ branches }) => branches.map(({ steps }) => steps.map(step => step.kind).join(' ')));
    expect(joins(filtered.plan()).join()).toContain('filter');
    expect(joins(together(filtered.to(fakeSink()), joined.to(fakeSink())).plan()).join()).not.toContain('filter');
  });
  test('each has a sink of its own, which takes its changelog', () => {
    const appending = { ...fakeSink(), accepts: 'append' as const };
    expect(() => together(perMinute(views()).late({ accept: '1m' }).to(appending as never))).toThrow('only appends');
    const { description } = together(views().to(appending), perMinute(views()).deadLetters(fakeSink()).to(fakeSink()));
    expect(description.more).toHaveLength(1);
    expect([description.deadLetters, description.more![0]!.deadLetters === null]).toEqual([null, false]);
  });
});
