import fc from 'fast-check';
import type { Expression } from '../../src/plan/expression-tree.ts';
import type { AggregateCall } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { expression, type Scope } from './generate-expressions.ts';
import { BOOL, COMPUTED, DECIMALS, FLOAT64, FLOATS, INT64, INTEGERS, TIMES, typeText, UTF8 } from './generate-values.ts';

/** Aggregate calls over what a scope has. */

/** A type that the scope can give: any computed type, or one that a column has. */
export const typeIn = (scope: Scope): fc.Arbitrary<DataType> =>
  fc.oneof(fc.constantFrom(...COMPUTED), fc.constantFrom(...scope.columns.map(c => c.type)));
/** Of a dictionary the text. */
const textIn = (scope: Scope, depth: number): fc.Arbitrary<Expression> => typeIn(scope).chain(t => expression(t.kind === 'dictionary' ? UTF8 : t, scope, depth));

export const NUMERIC = [...INTEGERS, ...FLOATS, ...DECIMALS];
const ORDERED = [...NUMERIC, UTF8, ...TIMES, BOOL];
function resultType(fn: AggregateCall['fn'], input: DataType): DataType {
  if (fn === 'count') return INT64;
  if (fn === 'sum') {
    if (FLOATS.some(t => t.kind === input.kind)) return FLOAT64;
    if (input.kind === 'decimal') return { kind: 'decimal', precision: 18, scale: input.scale };
    return input.kind === 'uint64' ? input : INT64;
  }
  return fn === 'mean' || fn.startsWith('variance') || fn.startsWith('stddev') ? FLOAT64 : input;
}

/** One of the types, more often one that a column has: else most inputs were literals. */
function oneOf(types: readonly DataType[], scope: Scope): fc.Arbitrary<DataType> {
  const here = scope.columns.map(c => c.type).filter(t => types.some(other => typeText(other) === typeText(t)));
  return here.length === 0 ? fc.constantFrom(...types) : fc.oneof({ arbitrary: fc.constantFrom(...here), weight: 4 }, { arbitrary: fc.constantFrom(...types), weight: 1 });
}
export function aggregateIn(scope: Scope, depth: number): fc.Arbitrary<Omit<AggregateCall, 'name'>> {
  const fns: readonly AggregateCall['fn'][] =
    ['count', 'sum', 'min', 'max', 'mean', 'variance', 'variancePopulation', 'stddev', 'stddevPopulation', 'first', 'last', 'boolAnd', 'boolOr'];
  const inputOf = (fn: AggregateCall['fn']): fc.Arbitrary<DataType> =>
    (fn === 'min' || fn === 'max' ? oneOf(ORDERED, scope) : fn === 'count' || fn === 'first' || fn === 'last' ? typeIn(scope)
      : fn.startsWith('bool') ? fc.constant(BOOL) : oneOf(NUMERIC, scope));
  const where = fc.option(expression(BOOL, scope, depth), { freq: 3 }).map(w => w ?? null);
  const rows = where.map((w): Omit<AggregateCall, 'name'> => ({ fn: 'count', input: null, where: w, type: INT64, nullable: false }));
  // Of a dictionary, text is taken: a code means nothing without its dictionary.
  const typeFor = (fn: AggregateCall['fn']): fc.Arbitrary<DataType> => inputOf(fn).map(t => (t.kind === 'dictionary' && fn !== 'count' ? UTF8 : t));
  const others = fc.constantFrom(...fns).chain(fn => typeFor(fn).chain(t => fc.tuple(expression(t, scope, depth), where)).map(([input, w]) =>
    ({ fn, input, where: w, type: resultType(fn, input.type), nullable: fn !== 'count' })));
  const args = fc.tuple(fc.constantFrom('argMin' as const, 'argMax' as const), textIn(scope, depth), textIn(scope, depth), where)
    .map(([fn, input, by, w]): Omit<AggregateCall, 'name'> => ({ fn, input, more: [by], where: w, type: input.type, nullable: true }));
  const distinct = fc.tuple(fc.constantFrom('countDistinct' as const, 'approxCountDistinct' as const), textIn(scope, depth), where)
    .map(([fn, input, w]): Omit<AggregateCall, 'name'> => ({ fn, input, where: w, type: INT64, nullable: false }));
  const quantiles = fc.tuple(expression(FLOAT64, scope, depth), fc.constantFrom(0, 0.1, 0.5, 0.99, 1), fc.constantFrom(0.01, 0.05), where)
    .map(([input, q, accuracy, w]): Omit<AggregateCall, 'name'> => ({ fn: 'quantile', input, options: { q, accuracy }, where: w, type: FLOAT64, nullable: true }));
  const lists = fc.tuple(fc.constantFrom('topN' as const, 'bottomN' as const, 'mostFrequent' as const, 'collectList' as const), textIn(scope, depth), fc.constantFrom(1, 3, 100), where)
    .map(([fn, input, limit, w]): Omit<AggregateCall, 'name'> => ({ fn, input, options: { limit }, where: w, type: UTF8, nullable: true }));
  return fc.oneof(
    { arbitrary: rows, weight: 2 }, { arbitrary: others, weight: 10 }, { arbitrary: args, weight: 2 }, { arbitrary: distinct, weight: 2 },
    { arbitrary: quantiles, weight: 1 }, { arbitrary: lists, weight: 3 },
  );
}
