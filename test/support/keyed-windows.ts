import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { firingPlan } from './changelog.ts';
import { agg, aggregatePlan, col, field, filter, lit, MS, op } from './plans.ts';
import type { Random } from './random.ts';
import type { SimulationOptions } from './simulation.ts';

/** Windows that depend on the order of rows, and rows for them, drawn at random. */
export const [id, name, at, value] = [field('id', 'int64', true), field('name', 'utf8', true), field('at', MS, false), field('value', 'int64', true)] as const;
export const code = field('code', { kind: 'dictionary', index: 'int32' }, true);
export const schema = [id, name, at, value, code];
export const aggregates = [
  agg('rows', 'count'), agg('total', 'sum', col(value)), agg('least', 'min', col(value)), agg('deviation', 'sum', col(id)),
  agg('first', 'first', col(value)), agg('last', 'last', col(name)), agg('most', 'max', col(name)), agg('mean', 'mean', col(value)),
];

/** How often results come early, where they do. */
export const EARLY_MS = 10;

/** Sessions, or windows of so many rows, of any keys and firing. */
export function planOf(random: Random): Plan {
  const window = random.chance(0.7)
    ? { kind: 'session' as const, gap: random.pick([1, 5, 40]), maxLength: random.pick([null, 60, 250]), unit: 'ms' as const }
    : { kind: 'count' as const, rows: random.pick([1, 2, 7, 30]) };
  const keys = random.pick([[], [id], [name], [id, name], [code]]);
  const steps = random.chance(0.3) ? [filter(op('ge', { kind: 'bool' }, col(value), lit('-50', { kind: 'int64' })))] : [];
  const time = window.kind === 'count' && random.chance(0.5) ? undefined : { column: 'at', outOfOrderness: random.pick([0, 5, 30, 200]) };
  const plan = aggregatePlan({ schema, ...(time && { time }), steps, keys, window, aggregates, branches: random.pick([1, 1, 2]) });
  const accept = window.kind === 'count' ? 0 : random.pick([0, 0, 3, 50, 400]);
  const when = window.kind === 'count' ? 'close' : random.pick(['close' as const, 'close' as const, 'final' as const]);
  return firingPlan(plan, accept, { when, earlyMs: when === 'close' && random.chance(0.4) ? EARLY_MS : null });
}

/** Keys are hot, rare and null; rows come in bursts, up to 300 ms out of order. */
export function rowsOf(random: Random, count: number, keys: number, clock: { now: number }): Row[] {
  return Array.from({ length: count }, () => {
    const key = random.chance(0.3) ? 0 : random.below(keys);
    clock.now += random.chance(0.05) ? random.below(150) : random.below(4);
    const time = Math.max(0, clock.now - (random.chance(0.25) ? random.below(random.pick([10, 80, 300])) : 0));
    const text = key % 7 === 6 ? null : `key ${key} ${'é'.repeat(key % 13)}`;
    return { id: key % 5 === 4 ? null : BigInt(key), name: text, at: time, value: random.chance(0.1) ? null : BigInt(random.below(1000) - 100), code: text };
  });
}

/** Any number of workers, and either kernels. */
export function simulationOf(random: Random): SimulationOptions {
  const workers = 1 + random.below(4);
  return { workers, partitioners: Array.from({ length: workers }, () => 'auto' as const), kernels: random.pick(['wasm', 'twins']), preemption: random.pick([0, 0.01, 0.1]) };
}
