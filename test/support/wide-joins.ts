import type { AsOf, Join, JoinMatch } from '../../src/plan/join-plan.ts';
import type { Expression } from '../../src/plan/expression-tree.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Field, Fields, Row } from '../../src/plan/types.ts';
import { joinPlan, keysOf } from './join-plans.ts';
import { col, field, filter, lit, MS, op } from './plans.ts';
import type { Random } from './random.ts';

/** Joins of any kind over rows with columns of all widths, and such rows. */
const [KEY, NAME, RATIO, SMALL, ID] = [field('key', 'int64'), field('name', 'utf8'), field('ratio', 'float64'), field('small', 'int16'), field('id', 'int32', false)];
const FLAG = field('flag', 'bool');
const schema: Fields = [field('at', MS, false), KEY, NAME, RATIO, SMALL, FLAG, ID, field('tag', { kind: 'dictionary', index: 'int16' })];

export type KeyChoice = 'none' | 'word' | 'float' | 'text' | 'several';
const KEYS: Readonly<Record<KeyChoice, readonly Field[]>> = { none: [], word: [KEY], float: [RATIO], text: [NAME], several: [NAME, SMALL, KEY] };
const BIG_IDS = filter(op('ge', { kind: 'bool' }, col(ID), lit('3', { kind: 'int32' })));

export interface RandomJoin {
  readonly keys: KeyChoice;
  /** Of the sides behind the left one. */
  readonly matches: readonly JoinMatch[];
  /** Of the first of them; those of others follow from it. */
  readonly before: number;
  readonly after: number;
  readonly mode: Join['mode'];
  readonly accept?: number;
  readonly window?: { readonly size: number; readonly slide: number; readonly offset: number } | null;
  readonly keepsUnmatched?: boolean;
  readonly asOf?: AsOf | null;
  readonly outOfOrderness?: number;
  /** Of each side. */
  readonly branches?: readonly number[];
  readonly filtered?: boolean;
}

export function wideJoin({ keys, matches, before, after, mode, accept = 0, window = null, keepsUnmatched = false, asOf = null, outOfOrderness = 0, branches = [], filtered = false }: RandomJoin): Plan {
  const near = (side: number, length: number): number => (side === 0 || window !== null || asOf !== null ? 0 : Math.ceil(length / side));
  return joinPlan({
    mode, accept, window, asOf,
    sides: ['left' as const, ...matches].map((match, side) => ({
      schema, keys: keysOf(...KEYS[keys]), within: [near(side, before), near(side, after)], match, keepsUnmatched: side === 1 && keepsUnmatched, outOfOrderness,
      steps: Array.from({ length: branches[side] ?? 1 }, () => (filtered ? [BIG_IDS] : [])),
    })),
  });
}

/** Rows whose times go on with those before. */
export function wideRows(random: Random, count: number, keys: number, clock: { now: number }): Row[] {
  return Array.from({ length: count }, (): Row => {
    clock.now += random.pick([0, 0, 1, 3, 10]);
    const key = random.below(keys);
    const some = <T>(value: T): T | null => (random.chance(0.05) ? null : value);
    return {
      at: clock.now - random.pick([0, 0, 0, 2, 15, 60]) + (random.chance(0.01) ? 400 : 0),
      key: some(BigInt(key)), name: some(key % 3 === 0 ? '' : `n${'é'.repeat(key % 23)}${key}`), ratio: some(random.pick([NaN, -0, 0, key / 4])),
      small: some(key % 5 - 2), flag: some(random.chance(0.5)), id: random.below(100), tag: some(random.pick(['red', 'green', 'blue'])),
    };
  });
}

/** Any join with a table that changes, over rows whose times are divided by `scale`. */
export function wideAsOfJoinOf(random: Random, scale: number): Plan {
  const some = (...lengths: number[]): number => Math.floor(random.pick(lengths) / scale);
  const isFlagged: Expression = { op: 'coalesce', type: { kind: 'bool' }, nullable: false, args: [col(FLAG), lit(false, { kind: 'bool' })] };
  return wideJoin({
    keys: random.pick(['none', 'word', 'word', 'float', 'text', 'several']), matches: [random.pick(['inner', 'optional'])], before: 0, after: 0, mode: 'final', accept: some(0, 0, 10, 50),
    asOf: { deleted: random.chance(0.4) ? isFlagged : null, within: random.pick([null, null, some(0, 20, 100)]) },
    outOfOrderness: some(0, 5, 60), branches: [1, random.pick([1, 1, 2])], filtered: random.chance(0.2),
  });
}

/** Any join of up to four sides. */
export function wideJoinOf(random: Random): Plan {
  const sides = random.pick([2, 2, 2, 3, 4]);
  const kinds: JoinMatch[] = sides === 2 ? ['inner', 'optional', 'semi', 'anti', 'count'] : ['inner', 'optional', 'count'];
  const first = random.pick(kinds);
  const matches = Array.from({ length: sides - 1 }, (_, index): JoinMatch => (index === 0 || first === 'count' ? first : random.pick(['inner', 'optional'])));
  const size = random.pick([5, 20, 40]);
  const slide = random.pick([size, size, Math.ceil(size / 3), 3]);
  return wideJoin({
    keys: sides > 2 ? random.pick(['word', 'text', 'several']) : random.pick(['none', 'word', 'word', 'float', 'text', 'several']),
    matches, mode: random.pick(first === 'count' ? ['eager', 'final', 'changes', 'changes'] : ['eager', 'final']), before: random.pick([0, 0, 5, 30]), after: random.pick([0, 2, 10, 40]), accept: random.pick([0, 0, 10, 50]),
    window: random.chance(0.3) ? { size, slide, offset: random.pick([0, 2, -7]) } : null,
    keepsUnmatched: sides === 2 && (first === 'inner' || first === 'optional') && random.chance(0.4),
    outOfOrderness: random.pick([0, 5, 60]), branches: [1, random.pick([1, 1, 2])], filtered: random.chance(0.2),
  });
}
