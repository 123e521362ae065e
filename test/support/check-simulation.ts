import { expect } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { difference, rowText } from '../oracle/compare.ts';
import { runStages, type ReferenceResult } from '../oracle/reference.ts';
import { fold, foldRetractions, withoutVersion } from './changelog.ts';
import { ingestOf } from './feeds.ts';
import type { Random } from './random.ts';
import { simulate, type Feed, type Simulated, type SimulationOptions } from './simulation.ts';

/**
 * Under some interleaving of workers a plan gives what the reference gives: results, ledgers and late rows; and leaves nothing behind. A failure
 * names its seed.
 */
export function checkSimulation(seed: number, plan: Plan, feeds: readonly Feed[], options: SimulationOptions, random: Random): { got: Simulated; expected: ReferenceResult } {
  const stages = plan.stages.map(({ join, deduplicate, aggregate }) => (join && { ...join, columns: undefined }) ?? deduplicate ?? (aggregate && { keys: aggregate.keys.map(key => key.name), window: aggregate.window, accept: aggregate.accept, emit: aggregate.emit }));
  const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify(stages)}`;
  const final = withoutVersion(plan);
  const expected = runStages(final, ingestOf(feeds));
  let got;
  try {
    got = simulate(plan, feeds, random, options);
  } catch (error) {
    throw new Error(note, { cause: error });
  }
  const last = plan.stages.at(-1)!;
  expect(difference(final, expected, last.aggregate === null ? foldRetractions(plan, got.rows) : fold(plan, got.rows)), note).toBe(null);
  if (last.join === null && last.aggregate === null && last.top === null) {
    const names = plan.output.map(field => field.name);
    expect(got.rows.map(row => rowText(row, names)), note).toEqual(expected.rows.map(row => rowText(row, names)));
  }
  expect(got.ledgers, note).toEqual(expected.ledgers);
  for (const { read, filtered, applied, late, deadLettered } of got.ledgers) expect(filtered + applied + late + deadLettered, note).toBe(read);
  expect(got.late.sort(), note).toEqual(options.unheard ? [] : expected.letters.map(({ source, position, reason }) => `s${source} ${position} ${reason}`).sort());
  expect(got.left, note).toEqual([0, 0, 0]);
  return { got, expected };
}
