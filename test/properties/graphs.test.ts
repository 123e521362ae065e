import { expect, test } from 'vitest';
import type { Plan, PlanOutput } from '../../src/plan/plan.ts';
import { difference } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { graphPlanOf, graphRowsOf, graphText, inJobOrder } from '../support/graph-plans.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { BatchSource, cut, hasEngine, ListSink, runEngine, runJob } from '../support/run-plan.ts';

/** A graph of stages gives what its stages give one after another, each over all of its input, whatever reads what and however often. */
const RUNS = runsOf(35);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 1);

async function check(seed: number): Promise<void> {
  const random = new Random(seed);
  const sources = 1 + random.below(3);
  const plan = graphPlanOf(random, sources);
  const rows = Array.from({ length: sources }, () => graphRowsOf(random, random.below(random.chance(0.2) ? 3000 : 150)));
  const options = { workers: 1 + random.below(3), kernels: KERNELS };
  const batchRows = [1, 2, 7, 64, 5000][random.below(5)]!;
  const note = `seed ${seed}: ${graphText(plan)} ${JSON.stringify(options)} ${batchRows}`;
  const expected = runStages(plan, rows.flatMap((list, branch) => list.map(row => ({ branch, row }))));
  const got = await runEngine(plan, rows.map(list => cut(list, batchRows)), options);
  expect(difference(plan, expected, got.rows), note).toBe(null);
  const ledgers = [...got.stats.sources, ...got.stats.stages].map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(ledgers, note).toEqual(inJobOrder(plan, expected.ledgers));
  expect(got.stats.emitted, note).toBe(expected.rows.length);
}

/** Any of its stages give results out, too. */
async function checkOutputs(seed: number): Promise<void> {
  const random = new Random(seed);
  const sources = 1 + random.below(3);
  const graph = graphPlanOf(random, sources);
  const chosen = graph.stages.map((_, stage) => stage).filter(() => random.chance(0.5));
  const places = random.chance(0.5) ? [...chosen, graph.stages.length - 1] : [graph.stages.length - 1, ...chosen];
  const outputs = places.map((stage): PlanOutput => ({ stage, fields: graph.stages[stage]!.output, changelog: 'append' }));
  const plan: Plan = { ...graph, output: outputs[0]!.fields, outputs };
  const rows = Array.from({ length: sources }, () => graphRowsOf(random, random.below(300)));
  const batchRows = random.pick([1, 7, 64, 5000]);
  const note = `seed ${seed}: ${graphText(plan)}, outputs ${places.join(' ')}`;
  const ends = outputs.map((_, i) => ({ sink: new ListSink(`results ${i}`), deadLetters: null, late: null }));
  const job = await runJob({ plan, sources: rows.map((list, i) => new BatchSource(`s${i}`, cut(list, batchRows))), ...ends[0]!, more: ends.slice(1) }, { workers: 1 + random.below(3), kernels: KERNELS, heap: '256MiB' });
  const stats = await job.done;
  for (const [i, { stage, fields }] of outputs.entries()) {
    const alone: Plan = { ...graph, stages: graph.stages.slice(0, stage + 1), output: fields };
    const expected = runStages(alone, rows.flatMap((list, branch) => list.map(row => ({ branch, row }))));
    expect(difference(alone, expected, ends[i]!.sink.rows), `${note}: output ${i}`).toBe(null);
    expect(stats.outputs[i], note).toMatchObject({ name: `results ${i}`, emitted: expected.rows.length });
    expect(ends[i]!.sink.state, note).toBe('closed');
  }
}

test.skipIf(!hasEngine)('any of their results go to sinks, besides', { timeout: 60_000 + RUNS * 1000 }, async () => {
  for (let seed = SEED; seed < SEED + Math.ceil(RUNS / 8); seed++) await checkOutputs(seed);
});

test.skipIf(!hasEngine)('any graph of stages', { timeout: 60_000 + RUNS * 500 }, async () => {
  console.info(`seeds ${SEED} … ${SEED + RUNS - 1}`);
  for (let seed = SEED; seed < SEED + RUNS; seed++) await check(seed);
});
