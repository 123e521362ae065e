import { retracts, RETRACTED, type Join, type JoinColumn, type JoinMatch, type JoinSide } from '../../src/plan/join-plan.ts';
import type { Branch, Plan } from '../../src/plan/plan.ts';
import type { Field, Fields, Row } from '../../src/plan/types.ts';
import { col, field, filter, lit, MS, onePlan, op, timeOf } from './plans.ts';
import type { Random } from './random.ts';

/** Joins written by hand, and rows for them. Side k has the columns below, with k behind their names. */
const keyField = (side: number): Field => field(`key${side}`, 'int64');
const nameField = (side: number): Field => field(`name${side}`, 'utf8');
const ratioField = (side: number): Field => field(`ratio${side}`, 'float64');
const atField = (side: number): Field => field(`at${side}`, MS, false);
const smallField = (side: number): Field => field(`small${side}`, 'int16');
export const sideFields = (side: number): Fields =>
  [atField(side), keyField(side), nameField(side), ratioField(side), smallField(side), field(`flag${side}`, 'bool'), field(`id${side}`, 'int32', false), field(`tag${side}`, { kind: 'dictionary', index: 'int16' })];

export type KeyChoice = 'none' | 'word' | 'float' | 'text' | 'several';
const KEYS: Readonly<Record<KeyChoice, (side: number) => Fields>> = {
  none: () => [],
  word: side => [keyField(side)],
  float: side => [ratioField(side)],
  text: side => [nameField(side)],
  several: side => [nameField(side), smallField(side), keyField(side)],
};

export interface JoinParts {
  readonly keys: KeyChoice;
  readonly matches: readonly JoinMatch[];
  readonly before: number;
  readonly after: number;
  readonly mode: Join['mode'];
  readonly accept?: number;
  readonly window?: Join['window'];
  readonly keepsUnmatched?: boolean;
  readonly outOfOrderness?: number;
  /** Of each side. */
  readonly branches?: readonly number[];
  readonly filtered?: boolean;
}

/** `matches`: those of side 1 and on. `before` and `after` are of side 1, those of others follow from them. */
export function joinPlan(parts: JoinParts): Plan {
  const { keys, matches, mode, accept = 0, window = null, keepsUnmatched = false, outOfOrderness = 0, filtered = false } = parts;
  const near = (side: number, length: number): number => (side === 0 || window !== null ? 0 : Math.ceil(length / side));
  const sides = ['left' as const, ...matches].map((match, side): JoinSide => ({
    name: `side ${side}`, fields: sideFields(side), keys: KEYS[keys](side).map(key => ({ name: key.name, expression: col(key) })),
    before: near(side, parts.before), after: near(side, parts.after), match, keepsUnmatched: side === 1 && keepsUnmatched,
  }));
  const columns = columnsOf(sides, window !== null, retracts({ mode, sides }));
  const join: Join = { sides, mode, accept, window, columns };
  const output = columns.map(column => outputField(column, sides, keepsUnmatched));
  let sources = 0;
  const branchesOf = (side: number): Branch[] => Array.from({ length: parts.branches?.[side] ?? 1 }, (_, index): Branch => ({
    source: { name: `s${side}.${index}`, schema: sideFields(side) }, side, from: { source: sources++ }, eventTime: timeOf({ column: `at${side}`, outOfOrderness }),
    steps: filtered ? [filter(op('ge', { kind: 'bool' }, col(field(`id${side}`, 'int32', false)), lit('3', { kind: 'int32' })))] : [],
  }));
  const plan = onePlan({ branches: sides.flatMap((_, side) => branchesOf(side)), join, aggregate: null, output });
  return { ...plan, changelog: retracts(join) ? 'retracting' : 'append' };
}

function columnsOf(sides: readonly JoinSide[], windowed: boolean, retracting: boolean): JoinColumn[] {
  const fields = sides.flatMap(({ fields: own, match }, side): JoinColumn[] => {
    if (match === 'count') return [{ kind: 'count', side }];
    return match === 'semi' || match === 'anti' ? [] : own.map(({ name }) => ({ kind: 'field', side, name }));
  });
  return [...fields, { kind: 'time' }, ...(windowed ? [{ kind: 'windowStart' }, { kind: 'windowEnd' }] as const : []), ...(retracting ? [{ kind: 'retracted' }] as const : [])];
}
function outputField(column: JoinColumn, sides: readonly JoinSide[], keepsUnmatched: boolean): Field {
  switch (column.kind) {
    case 'retracted': return RETRACTED;
    case 'count': return field(`count${column.side}`, 'int64', false);
    case 'time': return field('time', MS, false);
    case 'windowStart': case 'windowEnd': return field(column.kind, MS, false);
    case 'field': {
      const found = sides[column.side]!.fields.find(({ name }) => name === column.name)!;
      return { ...found, nullable: found.nullable || (column.side === 0 ? keepsUnmatched : sides[column.side]!.match === 'optional') };
    }
  }
}

/** Rows of a side whose times go on with those before. */
export function joinRows(random: Random, side: number, count: number, keys: number, clock: { now: number }): Row[] {
  return Array.from({ length: count }, (): Row => {
    clock.now += random.pick([0, 0, 1, 3, 10]);
    const key = random.below(keys);
    const some = <T>(value: T): T | null => (random.chance(0.05) ? null : value);
    return {
      [`at${side}`]: clock.now - random.pick([0, 0, 0, 2, 15, 60]) + (random.chance(0.01) ? 400 : 0),
      [`key${side}`]: some(BigInt(key)), [`name${side}`]: some(key % 3 === 0 ? '' : `n${'é'.repeat(key % 23)}${key}`), [`ratio${side}`]: some(random.pick([NaN, -0, 0, key / 4])),
      [`small${side}`]: some(key % 5 - 2), [`flag${side}`]: some(random.chance(0.5)), [`id${side}`]: random.below(100), [`tag${side}`]: some(random.pick(['red', 'green', 'blue'])),
    };
  });
}

/** Any join of up to four sides. */
export function joinPlanOf(random: Random): Plan {
  const sides = random.pick([2, 2, 2, 3, 4]);
  const kinds: JoinMatch[] = sides === 2 ? ['inner', 'optional', 'semi', 'anti', 'count'] : ['inner', 'optional', 'count'];
  const first = random.pick(kinds);
  const matches = Array.from({ length: sides - 1 }, (_, index): JoinMatch => (index === 0 || first === 'count' ? first : random.pick(['inner', 'optional'])));
  const size = random.pick([5, 20, 40]);
  const slide = random.pick([size, size, Math.ceil(size / 3), 3]);
  return joinPlan({
    keys: sides > 2 ? random.pick(['word', 'text', 'several']) : random.pick(['none', 'word', 'word', 'float', 'text', 'several']),
    matches, mode: random.pick(['eager', 'final']), before: random.pick([0, 0, 5, 30]), after: random.pick([0, 2, 10, 40]), accept: random.pick([0, 0, 10, 50]),
    window: random.chance(0.3) ? { size, slide, offset: random.pick([0, 2, -7]) } : null,
    keepsUnmatched: sides === 2 && (first === 'inner' || first === 'optional') && random.chance(0.4),
    outOfOrderness: random.pick([0, 5, 60]), branches: [1, random.pick([1, 1, 2])], filtered: random.chance(0.2),
  });
}
