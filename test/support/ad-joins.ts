import { rows, schema, sliding, stream, t, tumbling } from '../../src/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { RowsOrEnd } from './in-order.ts';
import type { Random } from './random.ts';

/** Joins of ads and views as a user writes them, drawn at random, and rows for them. */
const Ad = schema({ id: t.int64.nullable, campaign: t.utf8, cost: t.int64.nullable, price: t.decimal(9, 2), at: t.timestamp });
const View = schema({ id: t.int64.nullable, ms: t.int32, note: t.int32.nullable, seen: t.timestamp });

/** Each is typed where it is used by hand; what is drawn is not. */
export type Loose = any;

/** What joins are made of: the streams, options for a join of two (`options` and `bound()`) and a further `side`, and `lately`, which accepts late rows or not. */
export function joinParts(random: Random, mode: 'eager' | 'final') {
  const ms = (...of: number[]): string => `${random.pick(of)}ms`;
  const ads: Loose = stream(rows([]), Ad).eventTime('at', { outOfOrderness: ms(0, 5, 60) as '0ms' });
  const views = (): Loose => stream(rows([]), View).eventTime('seen', { outOfOrderness: ms(0, 5, 60) as '0ms' });
  const window = random.chance(0.3) ? random.pick([tumbling('20ms'), sliding('40ms', '15ms')]) : undefined;
  const bound = (): object => (window ? {} : { within: { before: ms(0, 3, 40), after: ms(0, 10, 100) } });
  const options = { on: 'id', mode, ...(window && { window }) };
  const side = (kind?: string): object => ({ of: views(), ...bound(), ...(kind && { kind }) });
  const late = random.pick([null, null, '7ms', '80ms']);
  const lately = (join: Loose): Loose => (late === null ? join : join.late({ accept: late }));
  return { ads, views, bound, options, side, lately };
}

/** Rows of the sources of a plan, the first of ads and the others of views: out of order, with keys that are null, one hot or many. */
export function adFeeds(random: Random, plan: Plan): RowsOrEnd[] {
  const sources = 1 + Math.max(...plan.stages[0]!.branches.map(({ from }) => ('source' in from ? from.source : 0)));
  const keys = random.pick([1, 5, 20]);
  const jitter = random.pick([10, 100, 200]);
  let now = 1_700_000_000_000;
  return Array.from({ length: random.below(60) }, () => {
    const branch = random.below(sources);
    const batch = Array.from({ length: 1 + random.below(4) }, () => {
      const id = random.chance(0.1) ? null : BigInt(random.below(keys));
      const at = (now += random.below(6)) - random.below(jitter);
      const ad = { id, campaign: random.pick(['a', 'b']), cost: random.chance(0.2) ? null : BigInt(random.below(100) - 20), price: `${random.below(10)}.${random.below(90) + 10}`, at };
      return branch === 0 ? ad : { id, ms: random.below(20) - 3, note: random.chance(0.3) ? null : random.below(50), seen: at };
    });
    return { branch, rows: batch };
  });
}
