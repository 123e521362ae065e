import { describe, expect, test } from 'vitest';
import { count, schema as schemaOf, stream, sum, t, tumbling as tumblingOf } from 'millrace';
import type { JoinColumn } from '../../src/plan/join-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { RowsOrEnd } from '../support/in-order.ts';
import { AT, BRANCHES, expectContents, expectSteps, feedsOf, KEY, NAME, names, side } from '../support/join-steps.ts';
import { joinPlan, keysOf, type JoinParts, type SideParts } from '../support/join-plans.ts';
import { agg, aggregatePlan, col, field, filter, lit, op, timeOf, tumbling } from '../support/plans.ts';
import { hasEngine, ListSink } from '../support/run-plan.ts';
import { ScriptedSource, until } from '../support/scripted-source.ts';

const [TIME, START, COUNT, RETRACTED]: readonly JoinColumn[] = [{ kind: 'time' }, { kind: 'windowStart' }, { kind: 'count', side: 1 }, { kind: 'retracted' }];

/** The names of its columns are those of both sides, unless it says. Watermarks follow 100 behind, so that no row is late. */
const pairPlan = (right: Partial<SideParts>, of: Partial<JoinParts> = {}, left: Partial<SideParts> = {}): Plan =>
  joinPlan({ sides: [side({ outOfOrderness: 100, ...left }), side({ outOfOrderness: 100, ...right })], columns: names(0, 1), ...of });

describe('what matches', () => {
  test('both bounds belong to it', () =>
    expectContents(pairPlan({ within: [10, 20] }), feedsOf('l1 1 100', 'r1 1 89', 'r2 1 90', 'r3 1 100', 'r4 1 120', 'r5 1 121'), ['l1 r2', 'l1 r3', 'l1 r4']));
  test('bounds of 0: equal times', () => expectContents(pairPlan({}), feedsOf('r1 1 100', 'l1 1 100', 'r2 1 101', 'r3 1 99'), ['l1 r1']));
  test('rows that are equal match one by one: the results are the product', () =>
    expectContents(pairPlan({ within: [5, 5] }), feedsOf('l1 1 10', 'r1 1 10', 'l1 1 10', 'r1 1 10', 'r1 1 10'), Array.from({ length: 6 }, () => 'l1 r1')));
  test('the order in which they come does not matter', () =>
    expectContents(pairPlan({ within: [5, 5] }), feedsOf('r1 1 14', 'r2 2 12', 'l1 2 11', 'l2 1 12', 'r3 1 7', 'l3 1 16'), ['l1 r2', 'l2 r1', 'l2 r3', 'l3 r1']));
  test('a stream joined with itself: each row matches itself, too', () =>
    expectContents(pairPlan({ within: [0, 5] }), feedsOf('l1 1 10', 'r1 1 10', 'l2 1 15', 'r2 1 15', 'l3 1 21', 'r3 1 21'), ['l1 r1', 'l1 r2', 'l2 r2', 'l3 r3']));
  test('without keys: all rows near each other', () => {
    const plan = joinPlan({ sides: [side({ keys: [], outOfOrderness: 100 }), side({ keys: [], outOfOrderness: 100, within: [1, 1] })], columns: names(0, 1) });
    return expectContents(plan, feedsOf('l1 1 10', 'r1 2 11', 'r2 - 10', 'r3 1 12'), ['l1 r1', 'l1 r2']);
  });
});

describe('keys', () => {
  test('null matches nothing, null included; the rows are applied, and come out unmatched', async () => {
    const plan = pairPlan({ within: [5, 5], match: 'optional', keepsUnmatched: true }, { columns: [...names(0, 1), RETRACTED!] });
    const ledgers = await expectContents(plan, feedsOf('l1 - 10', 'r1 - 10', 'l2 1 10', 'r2 1 10'), ['l1 -', '- r1', 'l2 r2']);
    expect(ledgers.map(({ applied }) => applied)).toEqual([2, 2]);
    for (const [match, contents] of [['semi', ['l2']], ['anti', ['l1']]] as const) {
      const columns = match === 'semi' ? names(0) : [...names(0), RETRACTED!];
      await expectContents(pairPlan({ within: [5, 5], match }, { columns }), feedsOf('l1 - 10', 'r1 - 10', 'l2 1 10', 'r2 1 10'), contents);
    }
  });
  const [X, Y] = [field('x', 'float64'), field('y', 'utf8')];
  const floats = { schema: [NAME, X, Y, AT], keys: keysOf(X, Y), outOfOrderness: 100 };
  const both = (x: number | null, y: string | null, number: number): RowsOrEnd[] => [0, 1].map(branch => ({ branch, rows: [{ name: `${BRANCHES[branch]!}${number}`, x, y, at: 0 }] }));
  test('NaN is NaN, and -0 is 0, as in groups; of several keys one null is enough', () => {
    const plan = joinPlan({ sides: [floats, { ...floats, match: 'optional' }], columns: [...names(0, 1), RETRACTED!] });
    const feeds = [...both(NaN, 'a', 1), ...both(null, 'a', 2), ...both(1, null, 3), ...both(1, '', 4), { branch: 0, rows: [{ name: 'l5', x: -0, y: 'z', at: 0 }] }, { branch: 1, rows: [{ name: 'r5', x: 0, y: 'z', at: 0 }] }];
    return expectContents(plan, feeds, ['l1 r1', 'l2 -', 'l3 -', 'l4 r4', 'l5 r5']);
  });
});

describe('late rows', () => {
  const inner = (accept: number): Plan => joinPlan({ sides: [side(), side({ within: [50, 50] })], accept, columns: names(0, 1) });
  // Behind the first three the watermark is 100, the least of both sides.
  const feeds = feedsOf('l1 1 100', 'r1 1 70', 'r2 1 120', 'l2 1 100', 'l3 1 99', 'r3 1 95', 'r4 1 94', 'r5 1 130');
  test('a row at the watermark is in time, one before it is late', async () => {
    const ledgers = await expectContents(inner(0), feeds, ['l1 r1', 'l1 r2', 'l2 r1', 'l2 r2', 'l1 r5', 'l2 r5']);
    expect(ledgers.map(({ applied, late }) => ({ applied, late }))).toEqual([{ applied: 2, late: 1 }, { applied: 3, late: 2 }]);
  });
  test('`accept` lets in rows that are so far behind it, and not one moment more', async () => {
    const ledgers = await expectContents(inner(5), feeds, ['l1', 'l2', 'l3'].flatMap(left => ['r1', 'r2', 'r3', 'r5'].map(right => `${left} ${right}`)));
    expect(ledgers.map(({ applied, late }) => ({ applied, late }))).toEqual([{ applied: 3, late: 0 }, { applied: 4, late: 1 }]);
  });
  test('an input that has ended holds nothing back', async () => {
    const ended = [...feedsOf('l1 1 100', 'r1 1 10'), { branch: 1, rows: null }, ...feedsOf('l2 1 60', 'l3 1 100')];
    const ledgers = await expectContents(joinPlan({ sides: [side(), side({ within: [90, 50] })], columns: names(0, 1) }), ended, ['l1 r1', 'l3 r1']);
    expect(ledgers[0]!.late).toBe(1);
  });
});

describe('results', () => {
  test('have the event time of their left row; a right row alone has its own', () => {
    const plan = pairPlan({ within: [5, 5], keepsUnmatched: true }, { columns: [...names(0, 1), TIME!, RETRACTED!] });
    return expectContents(plan, feedsOf('l1 1 12', 'r1 1 15', 'r2 2 17'), ['l1 r1 12', '- r2 17']);
  });
  test('go to windows by it, and none is late behind the join', async () => {
    const joined = pairPlan({ within: [40, 40] }, { columns: [...names(0, 1), TIME!] });
    const counts = aggregatePlan({ schema: joined.output, window: tumbling(10), aggregates: [agg('pairs', 'count')] }).stages[0]!;
    const branches = counts.branches.map(branch => ({ ...branch, from: { stage: 0 }, eventTime: timeOf({ column: 'time', outOfOrderness: 0 }) }));
    const plan: Plan = { ...joined, stages: [...joined.stages, { ...counts, branches }], output: counts.output };
    const ledgers = await expectContents(plan, feedsOf('l1 1 12', 'r1 1 15', 'l2 1 55', 'r2 1 52', 'l3 1 95', 'r3 1 112'), ['10 20 2', '50 60 2', '90 100 1']);
    expect(ledgers[2]).toMatchObject({ read: 5, applied: 5, late: 0 });
  });
  test('of semi: the left row once, however often it matches; of anti: where it never does', async () => {
    const feeds = feedsOf('l1 1 10', 'r1 1 10', 'r2 1 11', 'l2 2 10', 'l3 1 11');
    await expectContents(pairPlan({ within: [5, 5], match: 'semi' }, { columns: names(0) }), feeds, ['l1', 'l3']);
    await expectContents(pairPlan({ within: [5, 5], match: 'anti' }, { columns: [...names(0), RETRACTED!] }), feeds, ['l2']);
  });
  test('of counts: one row per left row, with the number of its matches in each side', () => {
    const counts: JoinColumn[] = [COUNT!, { kind: 'count', side: 2 }];
    const plan = joinPlan({ sides: [side({ outOfOrderness: 100 }), side({ outOfOrderness: 100, within: [0, 10], match: 'count' }), side({ outOfOrderness: 100, within: [0, 3], match: 'count' })], columns: [...names(0), ...counts, RETRACTED!] });
    return expectContents(plan, feedsOf('l1 1 10', 'r1 1 10', 'r2 1 20', 's1 1 13', 's2 1 14', 'l2 2 10', 'l3 - 10', 's3 2 13', 'r3 - 10'), ['l1 2 1', 'l2 0 1', 'l3 0 0']);
  });
  test('of three sides: one per combination; an optional side without a match is null, an inner one leaves nothing', async () => {
    const of = (second: SideParts['match'], third: SideParts['match']): Plan => joinPlan({
      sides: [side({ outOfOrderness: 100 }), side({ outOfOrderness: 100, within: [5, 5], match: second! }), side({ outOfOrderness: 100, within: [2, 2], match: third! })],
      columns: [...names(0, 1, 2), ...(second === 'inner' && third === 'inner' ? [] : [RETRACTED!])],
    });
    const feeds = feedsOf('l1 1 10', 'r1 1 11', 'r2 1 15', 's1 1 12', 's2 1 9', 'l2 2 10', 'r3 2 10', 's3 2 13', 'l3 3 10', 's4 3 10');
    const product = ['l1 r1 s1', 'l1 r1 s2', 'l1 r2 s1', 'l1 r2 s2'];
    await expectContents(of('inner', 'inner'), feeds, product);
    await expectContents(of('inner', 'optional'), feeds, [...product, 'l2 r3 -']);
    await expectContents(of('optional', 'optional'), feeds, [...product, 'l2 r3 -', 'l3 - s4']);
  });
  test('are those of a union, where a side is one, behind its own filters', () => {
    const odd = filter(op('eq', { kind: 'bool' }, op('mod', KEY.type, col(KEY), lit('2', KEY.type)), lit('1', KEY.type)));
    const plan = joinPlan({ sides: [side({ outOfOrderness: 100 }), side({ outOfOrderness: 100, within: [5, 5], steps: [[odd], []] })], columns: names(0, 1) });
    return expectContents(plan, feedsOf('l1 1 10', 'l2 2 10', 'r1 1 11', 'r2 2 11', 's1 1 12', 's2 2 12'), ['l1 r1', 'l1 s1', 'l2 s2']);
  });
});

describe('windows', () => {
  const inWindow = (match: SideParts['match'], slide: number, columns: readonly JoinColumn[], mode: 'eager' | 'final' = 'final'): Plan =>
    pairPlan({ match: match! }, { window: { size: 10, slide, offset: 0 }, columns, mode });
  test('both rows lie in the same one: near is not enough', () =>
    expectContents(inWindow('inner', 10, [...names(0, 1), START!]), feedsOf('l1 1 9', 'r1 1 10', 'r2 1 0', 'l2 1 19', 'l3 1 20'), ['l1 r2 0', 'l2 r1 10']));
  test('that overlap give a pair once for each that holds both', () =>
    expectContents(inWindow('inner', 5, [...names(0, 1), START!]), feedsOf('l1 1 7', 'r1 1 8', 'r2 1 12', 'r3 1 17'), ['l1 r1 0', 'l1 r1 5', 'l1 r2 5']));
  test.each(['eager', 'final'] as const)('are lives of their own: a row without a match in one may have one in another (%s)', async mode => {
    const mark = mode === 'eager' ? [RETRACTED!] : [];
    const feeds = feedsOf('l1 1 7', 'r1 1 12', 'l2 2 3');
    await expectContents(inWindow('optional', 5, [...names(0, 1), START!, ...mark], mode), feeds, ['l1 - 0', 'l1 r1 5', 'l2 - 0', 'l2 - -5']);
    await expectContents(inWindow('anti', 5, [...names(0), START!, ...mark], mode), feeds, ['l1 0', 'l2 0', 'l2 -5']);
    await expectContents(inWindow('count', 5, [...names(0), COUNT!, START!, ...mark], mode), feeds, ['l1 0 0', 'l1 1 5', 'l2 0 0', 'l2 0 -5']);
  });
});

describe.skipIf(!hasEngine)('eager', () => {
  const eager = (match: SideParts['match'], columns: readonly JoinColumn[], keepsUnmatched = false): Plan => pairPlan({ within: [5, 5], match: match!, keepsUnmatched }, { columns: [...columns, RETRACTED!] });
  test('an unmatched row comes at once, and is taken back once, by its first match', () =>
    expectSteps(eager('optional', names(0, 1)), [['l1 1 10', '+ l1 -'], ['r1 1 10', '- l1 -', '+ l1 r1'], ['r2 1 11', '+ l1 r2'], ['l2 1 12', '+ l2 r1', '+ l2 r2'], ['l3 - 10', '+ l3 -']]));
  test('so does one of the other side', () =>
    expectSteps(eager('inner', names(0, 1), true), [['r1 1 10', '+ - r1'], ['l1 1 10', '- - r1', '+ l1 r1'], ['l2 1 11', '+ l2 r1'], ['r2 1 9', '+ l1 r2', '+ l2 r2']]));
  test('a semi row comes with its first match, an anti row goes with it, for good', async () => {
    await expectSteps(pairPlan({ within: [5, 5], match: 'semi' }, { columns: names(0) }), [['l1 1 10'], ['r1 1 10', '+ l1'], ['r2 1 11'], ['l2 1 12', '+ l2']]);
    await expectSteps(eager('anti', names(0)), [['l1 1 10', '+ l1'], ['r1 1 10', '- l1'], ['r2 1 11'], ['l2 1 12']]);
  });
  test('a count is taken back and given anew with each match', () =>
    expectSteps(eager('count', [...names(0), COUNT!]), [['r0 1 9'], ['l1 1 10', '+ l1 1'], ['r1 1 10', '- l1 1', '+ l1 2'], ['r2 1 30']]));
  test('of three sides, the first match of an optional one takes back the rows without one', () => {
    const plan = joinPlan({ sides: [side({ outOfOrderness: 100 }), ...[1, 2].map(() => side({ outOfOrderness: 100, within: [5, 5], match: 'optional' }))], columns: [...names(0, 1, 2), RETRACTED!] });
    return expectSteps(plan, [['l1 1 10', '+ l1 - -'], ['r1 1 10', '- l1 - -', '+ l1 r1 -'], ['s1 1 10', '- l1 r1 -', '+ l1 r1 s1'], ['r2 1 11', '+ l1 r2 s1']]);
  });
});

describe.skipIf(!hasEngine)('final', () => {
  const final = (right: Partial<SideParts>, of: Partial<JoinParts> = {}): Plan => joinPlan({ sides: [side(), side(right)], mode: 'final', columns: names(0, 1), ...of });
  test('pairs come at once; an unmatched row when the watermark, less `accept`, has passed the last time that could match', () =>
    // l1 is complete once the watermark is greater than 10 + 20 + 3.
    expectSteps(
      final({ within: [5, 20], match: 'optional' }, { accept: 3 }),
      [['l1 1 10'], ['l2 2 12'], ['r1 2 14', '+ l2 r1'], ['l3 3 33'], ['r2 9 33'], ['l4 4 34'], ['r3 9 34', '+ l1 -']],
      ['+ l3 -', '+ l4 -'],
    ));
  test('an unmatched row of the other side, when no left row can come that reaches it', () =>
    // r1 is within reach of left rows from 10 - 20 to 10 + 5: complete beyond 15.
    expectSteps(final({ within: [5, 20], keepsUnmatched: true }), [['r1 1 10'], ['l1 9 15'], ['r2 8 15'], ['l2 9 16'], ['r3 7 16', '+ - r1']], ['+ - r2', '+ - r3']));
  test('semi rows come with their first match, counts when they are complete', async () => {
    await expectSteps(final({ within: [0, 5], match: 'semi' }, { columns: names(0) }), [['l1 1 10'], ['r1 1 12', '+ l1'], ['r2 1 13']]);
    const rows: [string, ...string[]][] = [['l1 1 10'], ['r1 1 12'], ['r2 1 13'], ['l2 1 15'], ['r3 1 15'], ['l3 1 16'], ['r4 1 16', '+ l1 3']];
    await expectSteps(final({ within: [0, 5], match: 'count' }, { columns: [...names(0), COUNT!] }), rows, ['+ l2 2', '+ l3 1']);
  });
  test('in windows: when the watermark, less `accept`, has reached the end of the window', () => {
    const plan = final({ match: 'anti' }, { window: { size: 10, slide: 10, offset: 0 }, columns: names(0), accept: 2 });
    return expectSteps(plan, [['l1 1 3'], ['r1 9 11'], ['l2 2 11'], ['l3 3 12'], ['r2 9 12', '+ l1']], ['+ l2', '+ l3']);
  });
  test('a row with a null key is complete at once; the end of input completes everything', () =>
    expectSteps(final({ within: [5, 5], match: 'optional', keepsUnmatched: true }), [['l1 1 10'], ['r1 2 10'], ['l2 - 11', '+ l2 -']], ['+ - r1', '+ l1 -']));
});

describe.skipIf(!hasEngine)('behind a join whose rows may be taken back', () => {
  const Ad = schemaOf({ id: t.int64, at: t.timestamp });
  test('the figures of a window are out at its end, and revised while rows come that are late or far away, duplicates aside', async () => {
    const results = new ListSink('results');
    const [served, viewed] = [new ScriptedSource('served'), new ScriptedSource('viewed')];
    // What comes twice comes up to 1,000 late, and what is seen is seen up to 500 later.
    const timed = (source: ScriptedSource) => stream(source, Ad).eventTime('at').dedupe('id', { within: 1000 });
    const seen = (source: ScriptedSource) => stream(source, Ad).eventTime('at').dedupe(row => ({ both: row.at }), { within: 1000 });
    const job = timed(served).countMatches({ views: { of: seen(viewed), within: { after: 500 } } }, { on: 'id' }).late({ accept: 50 })
      .window(tumblingOf(100)).aggregate(row => ({ n: count(), views: sum(row.views) })).to(results).start({ workers: 2, heap: '64MiB' });
    const give = async (source: ScriptedSource, ...rows: [id: number, at: number][]): Promise<void> => {
      await until(() => source.asked);
      source.rows(rows.map(([id, at]) => ({ id: BigInt(id), at })));
    };
    const shown = (): string[] => results.rows.map(row => `${String(row['windowStart'])}: ${String(row['n'])} ${String(row['views'])}${row['deleted'] === true ? ' deleted' : ''}`);
    await give(served, [1, 10], [1, 10], [2, 20], [3, 100]);
    await give(viewed, [1, 15], [1, 15], [9, 100]);
    // The watermark is 100: the first window is over, although a row as late as 1,050 and a view as late as 500 may come.
    await until(() => shown().length === 1);
    expect(shown()).toEqual(['0: 2 1']);
    await give(served, [4, 30]);
    await until(() => shown().length === 2);
    await give(viewed, [2, 400]);
    await until(() => shown().length === 3);
    served.end();
    viewed.end();
    const stats = await job.done;
    expect(shown()).toEqual(['0: 2 1', '0: 3 1', '0: 3 2', '100: 1 0']);
    expect(stats.stages.map(({ late, deadLettered }) => late + deadLettered)).toEqual(stats.stages.map(() => 0));
  });
  test('behind one that is final, and behind others of its inputs, nothing catches up', () => {
    const source = new ScriptedSource('served');
    const once = stream(source, Ad).eventTime('at').dedupe('id', { within: 1000 });
    const branches = (pipeline: { plan(): Plan }) => pipeline.plan().stages.flatMap(stage => stage.branches.map(branch => branch.catchesUp ?? 0));
    const counts = once.countMatches({ views: { of: once, within: 5 } }, { on: 'id' });
    expect([branches(counts), counts.plan().stages.at(-1)!.join!.accept]).toEqual([[0, 1000, 1000], 1000]);
    expect(counts.late({ accept: 7 }).plan().stages.at(-1)!.join!.accept).toBe(1007);
    const final = once.countMatches({ views: { of: once, within: 5 } }, { on: 'id', mode: 'final' });
    expect([branches(final), final.plan().stages.at(-1)!.join!.accept]).toEqual([[0, 0, 0], 0]);
  });
});
