import { expect, test } from 'vitest';
import { MOST_CODES } from '../../src/aggregate/key-codes.ts';
import { CHUNK_ROWS } from '../../src/batch/layout.ts';
import { changelogOf, type Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { TOKENS } from '../../src/worker/morsel.ts';
import { outputOf } from '../oracle/generate-plans.ts';
import { firingPlan } from '../support/changelog.ts';
import { checkSimulation } from '../support/check-simulation.ts';
import { feedsOf, oneBranch } from '../support/feeds.ts';
import { agg, aggregatePlan, col, field, filter, followedBy, lit, MS, op, projectPlan, topOf, tumbling } from '../support/plans.ts';
import { HEAP_KERNELS, KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import type { Feed, SimulationOptions } from '../support/simulation.ts';

/** MILLRACE_SEED and MILLRACE_RUNS draw others, or more. A failure names its seed. */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(30);
/** Large, and about tables, not about what kernels compute. */
const wasmOnly = test.skipIf(KERNELS !== 'wasm');
const seeded = { timeout: 60_000 + RUNS * 1000 };

const [id, name, at, value] = [field('id', 'int64', true), field('name', 'utf8', true), field('at', MS, false), field('value', 'int64', true)] as const;
const code = field('code', { kind: 'dictionary', index: 'int32' }, true);
const mark = field('mark', MS, true);
const schema = [id, name, at, value, code, mark];
const aggregates = [
  agg('rows', 'count'), agg('present', 'count', col(value)), agg('total', 'sum', col(value)), agg('least', 'min', col(value)),
  agg('first', 'first', col(value)), agg('last', 'last', col(name)), agg('most', 'max', col(name)), agg('mean', 'mean', col(value)),
];
/** States of whole words, which much is done with that cannot be done with texts. */
const words = aggregates.slice(0, 4);

function planOf(random: Random): Plan {
  const window = random.chance(0.7) ? tumbling(random.pick([10, 50, 1000])) : { kind: 'global' as const };
  const keys = random.pick([[], [id], [name], [id, name], [code]]);
  const steps = random.chance(0.5) ? [filter(op('ge', { kind: 'bool' }, col(value), lit('-50', { kind: 'int64' })))] : [];
  const time = { column: 'at', outOfOrderness: random.pick([0, 5, 200]) };
  const plan = aggregatePlan({ schema, time, steps, keys, window, aggregates: random.pick([aggregates, words]), branches: random.pick([1, 1, 2]) });
  return random.chance(0.3) ? withMarks(plan) : plan;
}
/** The watermark comes from a column of its own. */
function withMarks(plan: Plan): Plan {
  const branches = plan.stages[0]!.branches.map(branch => ({ ...branch, eventTime: { ...branch.eventTime!, watermark: 'mark' } }));
  return { ...plan, stages: [{ ...plan.stages[0]!, branches }] };
}

/** Rows that say themselves where they belong: `name` and `code` follow from `id`. Some keys are hot, some are null. */
function rowsOf(random: Random, count: number, keys: number, clock: { now: number }): Row[] {
  return Array.from({ length: count }, () => {
    const key = random.chance(0.3) ? 0 : random.below(keys);
    clock.now += random.below(3);
    const time = Math.max(0, clock.now - (random.chance(0.1) ? random.below(300) : 0));
    const text = key % 7 === 6 ? null : `key ${key} ${'é'.repeat(key % 13)}`;
    const stated = random.chance(0.5) ? null : clock.now - random.below(20);
    return { id: key % 5 === 4 ? null : BigInt(key), name: text, at: time, value: random.chance(0.1) ? null : BigInt(random.below(1000) - 100), code: text, mark: stated };
  });
}

function optionsOf(random: Random): SimulationOptions {
  const workers = 1 + random.below(4);
  const one = random.pick(['hash', 'local', 'auto'] as const);
  const partitioners = Array.from({ length: workers }, () => (one === 'auto' ? random.pick(['hash', 'local'] as const) : one));
  return { workers, partitioners, kernels: HEAP_KERNELS, preemption: random.pick([0, 0.01, 0.1]) };
}

test('any interleaving of workers gives the result of the reference and leaves nothing behind', seeded, () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = planOf(random);
    checkSimulation(seed, plan, feedsOf(random, rowsOf, plan.stages[0]!.branches.length, 5 + random.below(60), random.pick([3, 20, 120])), { ...optionsOf(random), unheard: seed % 5 === 0 }, random);
  }
});

test('each partition has a watermark of its own, and steps aside or comes back in its place in the sequence', seeded, () => {
  let [late, rows] = [0, 0];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = planOf(random);
    const partitions = 2 + random.below(5);
    const feeds = feedsOf(random, rowsOf, plan.stages[0]!.branches.length, 5 + random.below(60), random.pick([3, 20, 120]), partitions);
    const { got } = checkSimulation(seed, plan, feeds, { ...optionsOf(random), partitions }, random);
    for (const ledger of got.ledgers) [late, rows] = [late + ledger.late, rows + ledger.read];
  }
  // Enough are late that a wrong rule would show, and enough are not; of one seed's rows that need not be so.
  if (RUNS < 30) return;
  expect(late / rows).toBeGreaterThan(0.03);
  expect(late / rows).toBeLessThan(0.6);
});

/** Windows that overlap, late rows that are accepted, results that come early, are revised or final. */
function overlapping(random: Random): Plan {
  const plan = planOf(random);
  const stage = plan.stages[0]!;
  const unit = 'ms' as const;
  const slide = random.pick([5, 10, 30]);
  const window = random.pick([
    { kind: 'sliding' as const, size: slide * random.pick([1, 2, 7]) + random.pick([0, 3]), slide, offset: 0, unit },
    { kind: 'cumulating' as const, size: slide * 4, step: slide, offset: random.pick([0, 3]), unit }, tumbling(slide),
  ]);
  const when = random.pick(['close' as const, 'final' as const]);
  const aggregate = { ...stage.aggregate!, window, accept: random.pick([0, 0, 15, 400]), emit: { when, earlyMs: when === 'close' && random.chance(0.3) ? 10 : null } };
  const output = outputOf(aggregate);
  return { ...plan, stages: [{ ...stage, aggregate, output }], output, changelog: changelogOf(aggregate) };
}

test('windows that overlap and late rows that are accepted come to what the reference says, and leave nothing behind', seeded, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = overlapping(random);
    checkSimulation(seed, plan, feedsOf(random, rowsOf, plan.stages[0]!.branches.length, 5 + random.below(60), random.pick([3, 20, 120])), optionsOf(random), random);
  }
});

test('a window is revised with all of its slices, also with those that rows come to at that moment', seeded, () => {
  const sliding = { kind: 'sliding' as const, size: 213, slide: 30, offset: 0, unit: 'ms' as const };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = firingPlan(aggregatePlan({ schema, time: { column: 'at', outOfOrderness: 0 }, keys: [name], window: sliding, aggregates }), 400, { when: 'close', earlyMs: null });
    checkSimulation(seed, plan, feedsOf(random, rowsOf, 1, 60, 20), { workers: 3, partitioners: ['hash', 'local', 'hash'], kernels: HEAP_KERNELS, preemption: 0.1 }, random);
  }
});

/** Stages of windows over windows, of windows over filtered rows, and of everything over windows. */
function stagesOf(random: Random): Plan {
  const time = { column: 'at', outOfOrderness: random.pick([0, 5, 200]) };
  const size = random.pick([10, 20]);
  let plan = aggregatePlan({ schema, time, keys: random.pick([[id], [name], [code, id]]), window: tumbling(size), aggregates: [agg('rows', 'count'), agg('total', 'sum', col(value))], branches: random.pick([1, 2]) });
  for (let window = size * random.pick([3, 5]); ; window *= random.pick([1, 2, 4])) {
    const isLast = random.chance(0.4);
    plan = followedBy(plan, columns => {
      const [rows, total] = ['rows', 'total'].map(wanted => columns.find(({ name: known }) => known === wanted)!);
      return aggregatePlan({
        schema: columns, window: isLast && random.chance(0.3) ? { kind: 'global' } : tumbling(window), keys: random.chance(0.5) ? [] : columns.slice(0, 1),
        steps: random.chance(0.5) ? [filter(op('ge', { kind: 'bool' }, col(rows!), lit('2', { kind: 'int64' })))] : [],
        aggregates: [agg('rows', 'count'), agg('total', 'sum', col(total!))],
      });
    });
    if (isLast || plan.stages.length === 4) return plan;
    // Without keys the windows' own columns come first.
    if (plan.output[0]!.name === 'windowStart') return plan;
  }
}

test('the best rows of each window come when it is complete, at the end of a job or before another stage', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS / 2; seed++) {
    const random = new Random(seed);
    const time = { column: 'at', outOfOrderness: random.pick([0, 5, 200]) };
    const window = random.chance(0.8) ? tumbling(random.pick([10, 50])) : { kind: 'global' as const };
    const minutes = aggregatePlan({ schema, time, keys: [id, code], window, aggregates: [agg('rows', 'count'), agg('mean', 'mean', col(value))] });
    const wanted = random.pick(['rows', 'mean', 'code']);
    const by = col(minutes.output.find(({ name: column }) => column === wanted)!);
    const ranked = topOf(minutes, { n: random.pick([1, 2, 10]), by, descending: random.chance(0.5), per: random.pick([[], ['code']]) });
    const plan = random.chance(0.5) ? ranked : followedBy(ranked, columns => aggregatePlan({ schema: columns, keys: [columns[1]!], window: window.kind === 'global' ? window : tumbling(100), aggregates: [agg('rows', 'count')] }));
    checkSimulation(seed, plan, feedsOf(random, rowsOf, 1, 5 + random.below(40), random.pick([3, 20, 120])), optionsOf(random), random);
  }
});

test('the results of a stage are the rows of the next, and its windows close when they are complete', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = stagesOf(random);
    checkSimulation(seed, plan, feedsOf(random, rowsOf, plan.stages[0]!.branches.length, 5 + random.below(60), random.pick([3, 20, 120])), optionsOf(random), random);
  }
});

test('rows that pass without an aggregate come out in the order of ingestion', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 10; seed++) {
    const random = new Random(seed);
    const plan = projectPlan(schema, { id: col(id), value: col(value) });
    checkSimulation(seed, plan, feedsOf(random, rowsOf, 1, 30, 20), optionsOf(random), random);
  }
});

test('sequences go round where they are kept in 32 bits', () => {
  for (const firstSequence of [TOKENS - 20, TOKENS * 2 - 7, 2 ** 32 - 15]) {
    const random = new Random(firstSequence);
    const plan = planOf(random);
    checkSimulation(firstSequence, plan, feedsOf(random, rowsOf, plan.stages[0]!.branches.length, 60, 10), { ...optionsOf(random), firstSequence }, random);
  }
});

wasmOnly('local tables that are large only once they are merged are merged once', () => {
  const random = new Random(6);
  const plan = aggregatePlan({ schema: [id], keys: [id], aggregates: [agg('rows', 'count'), agg('total', 'sum', col(id))] });
  const batches = Array.from({ length: 16 }, (_, morsel) => Array.from({ length: 4000 }, (_row, row) => ({ id: BigInt(morsel * 4000 + row) })));
  checkSimulation(6, plan, oneBranch(batches), { workers: 3, partitioners: ['local', 'local', 'local'], kernels: HEAP_KERNELS, preemption: 0 }, random);
});

wasmOnly('a combiner has room for the keys of a whole chunk when it is nearly full, and numbers keys anew once it was full', () => {
  const plan = aggregatePlan({ schema: [id], keys: [id], aggregates: [agg('rows', 'count'), agg('total', 'sum', col(id))] });
  const keys = (from: number, count: number): Row[] => Array.from({ length: count }, (_, row) => ({ id: BigInt(from + row) }));
  for (const batches of [[keys(0, MOST_CODES), keys(MOST_CODES, CHUNK_ROWS)], [keys(0, 5000), keys(5000, 5000), keys(5500, 100)]]) {
    checkSimulation(1, plan, oneBranch(batches), { workers: 1, partitioners: ['local'], kernels: HEAP_KERNELS, preemption: 0 }, new Random(1));
  }
});

test('chunks of which nearly all rows lie in one window, and some elsewhere', () => {
  let late = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + Math.min(RUNS, 10); seed++) {
    const random = new Random(seed);
    const overlaps = random.chance(0.3) ? { kind: 'sliding' as const, size: 2000, slide: 500, offset: 0, unit: 'ms' as const } : tumbling(1000);
    const steps = random.chance(0.3) ? [filter(op('ge', { kind: 'bool' }, col(value), lit('-50', { kind: 'int64' })))] : [];
    const plan = aggregatePlan({ schema, time: { column: 'at', outOfOrderness: random.pick([0, 200, 3000]) }, steps, keys: random.pick([[], [id], [name], [id, name], [code]]), window: overlaps, aggregates: random.pick([aggregates, words, words.slice(0, 1)]) });
    const keys = random.pick([3, 300, 6000]);
    let now = 5000;
    const batches = Array.from({ length: 6 }, () => {
      now += random.below(500);
      const furthest = random.pick([3000, 100_000]);
      return rowsOf(random, 1024 + random.below(1000), keys, { now: 0 }).map(row => ({ ...row, at: now + random.below(20) - (random.chance(0.06) ? random.below(furthest) : 0) }));
    });
    const updating = firingPlan(plan, random.pick([0, 2500]), { when: random.pick(['close', 'final']), earlyMs: null });
    const { got } = checkSimulation(seed, updating, oneBranch(batches), optionsOf(random), random);
    late += got.ledgers[0]!.late;
  }
  expect(late).toBeGreaterThan(0);
});

wasmOnly('a dictionary that outgrows dense cells leaves tables of both kinds, which are merged', () => {
  const plan = aggregatePlan({ schema: [code], keys: [code], aggregates: [agg('rows', 'count'), agg('most', 'max', col(code))] });
  const rows = (from: number, count: number): Row[] => Array.from({ length: count }, (_, row) => ({ code: (from + row) % 100 === 99 ? null : `value ${from + row}` }));
  const batches = [[0, 60_000], [0, 100], [60_000, 8_000], [100, 100], [67_900, 200]].map(([from, count]) => rows(from!, count!));
  for (const first of ['local', 'hash'] as const) {
    checkSimulation(1, plan, oneBranch(batches), { workers: 3, partitioners: [first, 'local', 'local'], kernels: HEAP_KERNELS, preemption: 0 }, new Random(1));
  }
});

test('a dictionary that has no value yet, in memory that was used before: null is a key', () => {
  const nulls: Row[] = Array.from({ length: 5 }, () => ({ id: 1n, code: null }));
  for (const keys of [[code], [id, code]]) {
    // Codes of two sources are of different dictionaries: their texts are hashed.
    const plan = aggregatePlan({ schema: [id, code], keys, aggregates: [agg('rows', 'count'), agg('most', 'max', col(code))], branches: 2 });
    const feeds: Feed[] = [{ branch: 0, rows: nulls }, { branch: 1, rows: nulls }, { branch: 0, rows: [{ id: 2n, code: 'a' }] }, { branch: 0, rows: null }, { branch: 1, rows: null }];
    checkSimulation(1, plan, feeds, { workers: 1, partitioners: ['hash'], kernels: HEAP_KERNELS, preemption: 0 }, new Random(1));
  }
});
