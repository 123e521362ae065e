import fc from 'fast-check';
import type { CallOp, DatePart, Expression, LiteralExpression, StaticTable, TimeUnit } from '../../src/plan/expression-tree.ts';
import type { DataType, Field, Fields } from '../../src/plan/types.ts';
import { BOOL, COMPUTED, DECIMALS, FLOATS, INT32, INT64, INTEGERS, jsonOf, TIMES, typeText, UTF8, valueOf } from './generate-values.ts';

/** Well-formed expression trees of a given type, typed and coerced as the pipeline builder would record them. */

export interface Scope { readonly columns: Fields; readonly tables: readonly StaticTable[] }
type Drawn = fc.Arbitrary<Expression>;

export const call = (op: CallOp, type: DataType, args: readonly Expression[], nullable = args.some(a => a.nullable)): Expression => ({ op, type, nullable, args });
export const literal = (value: LiteralExpression['value'], type: DataType): LiteralExpression => ({ op: 'literal', type, nullable: value === null, value });
export const column = (field: Field): Expression => ({ op: 'column', type: field.type, nullable: field.nullable, name: field.name });
const same = (a: DataType, b: DataType): boolean => typeText(a) === typeText(b);
const isOneOf = (type: DataType, types: readonly DataType[]): boolean => types.some(t => same(t, type));

const PARTS: readonly DatePart[] = ['year', 'quarter', 'month', 'week', 'day', 'dayOfWeek', 'dayOfYear', 'hour', 'minute', 'second', 'millisecond'];
const UNITS: readonly TimeUnit[] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const COMPARISONS: readonly CallOp[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'isDistinctFrom'];

/** A column of the type where there is one (a dictionary can stand for text by a cast), or a literal. */
function leaf(type: DataType, scope: Scope): Drawn {
  const fitting: Expression[] = scope.columns.filter(f => same(f.type, type)).map(column);
  if (same(type, UTF8)) fitting.push(...scope.columns.filter(f => f.type.kind === 'dictionary').map(f => call('cast', UTF8, [column(f)])));
  const value = valueOf(type).map((v): Expression => literal(jsonOf(v), type));
  const choices: { arbitrary: Drawn; weight: number }[] = [{ arbitrary: value, weight: 3 }, { arbitrary: fc.constant(literal(null, type)), weight: 1 }];
  if (fitting.length > 0) choices.push({ arbitrary: fc.constantFrom(...fitting), weight: 8 });
  return type.kind === 'dictionary' ? fc.constantFrom(...fitting) : fc.oneof(...choices);
}

/** REQUIRES for a dictionary type: a column of it is in scope. */
export function expression(type: DataType, scope: Scope, depth: number): Drawn {
  if (depth <= 0 || type.kind === 'dictionary') return leaf(type, scope);
  const sub = (t: DataType = type): Drawn => expression(t, scope, depth - 1);
  return fc.oneof(
    { arbitrary: leaf(type, scope), weight: 2 },
    { arbitrary: fc.constant(null).chain(() => typed(type, sub)), weight: 5 },
    { arbitrary: fc.constant(null).chain(() => general(type, scope, sub)), weight: 2 },
  );
}

type Sub = (type?: DataType) => Drawn;
const unary = (ops: readonly CallOp[], type: DataType, arg: Drawn): Drawn => fc.tuple(fc.constantFrom(...ops), arg).map(([op, a]) => call(op, type, [a]));
const binary = (ops: readonly CallOp[], type: DataType, a: Drawn, b: Drawn): Drawn =>
  fc.tuple(fc.constantFrom(...ops), a, b).map(([op, x, y]) => call(op, type, [x, y], x.nullable || y.nullable || op === 'intDiv' || op === 'mod'));
const castFrom = (types: readonly DataType[], type: DataType, sub: Sub): Drawn =>
  fc.constantFrom(...types).chain(sub).map(a => (same(a.type, type) ? a : call('cast', type, [a])));

/** What exists for every type: case, coalesce, lookup. */
function general(type: DataType, scope: Scope, sub: Sub): Drawn {
  const choices: Drawn[] = [
    fc.tuple(fc.array(fc.tuple(sub(BOOL), sub()), { minLength: 1, maxLength: 2 }), sub()).map(([pairs, otherwise]): Expression => ({
      op: 'case', type, nullable: otherwise.nullable || pairs.some(p => p[1].nullable), otherwise, branches: pairs.map(([when, then]) => ({ when, then })),
    })),
    fc.array(sub(), { minLength: 1, maxLength: 3 }).map(args => call('coalesce', type, args, args.every(a => a.nullable))),
  ];
  for (const [index, table] of scope.tables.entries()) {
    for (const f of table.columns.filter(c => same(c.type, type))) {
      choices.push(sub(table.key.type).map((arg): Expression => ({ op: 'lookup', type, nullable: true, arg, table: index, column: f.name })));
    }
  }
  return fc.oneof(...choices);
}

function typed(type: DataType, sub: Sub): Drawn {
  switch (type.kind) {
    case 'bool': return bool(sub);
    case 'utf8': return text(sub);
    case 'binary': return sub();
    case 'date': case 'timestamp': return fc.oneof(
      fc.tuple(fc.constantFrom(...UNITS), sub()).map(([unit, a]) => call('truncate', type, [literal(unit, UTF8), a])),
      castFrom(TIMES, type, sub),
    );
    case 'decimal': return decimal(type, sub);
    case 'float32': case 'float64': return fc.oneof(
      binary(type.kind === 'float64' ? ['add', 'sub', 'mul', 'div'] : ['add', 'sub', 'mul'], type, sub(), sub()),
      unary(['neg', 'abs', 'floor', 'ceil', 'round'], type, sub()),
      castFrom([...INTEGERS, ...FLOATS, ...DECIMALS, BOOL], type, sub),
    );
    default: return integer(type, sub);
  }
}

function integer(type: DataType, sub: Sub): Drawn {
  const choices = [
    binary(['add', 'sub', 'mul', 'intDiv', 'mod'], type, sub(), sub()),
    unary(type.kind.startsWith('u') ? ['abs', 'floor', 'ceil', 'round'] : ['neg', 'abs', 'floor', 'ceil', 'round'], type, sub()),
    castFrom([...INTEGERS, ...FLOATS, ...DECIMALS, BOOL, UTF8], type, sub),
  ];
  if (same(type, INT32)) {
    choices.push(sub(UTF8).map(a => call('length', INT32, [a])));
    choices.push(fc.tuple(fc.constantFrom(...PARTS), fc.constantFrom(...TIMES).chain(sub)).map(([part, a]) => call('datePart', INT32, [literal(part, UTF8), a])));
  }
  return fc.oneof(...choices);
}

/** mul needs factors whose scales add up to the result's. */
function decimal(type: DataType & { kind: 'decimal' }, sub: Sub): Drawn {
  const choices = [
    binary(['add', 'sub', 'mod'], type, sub(), sub()), unary(['neg', 'abs'], type, sub()),
    castFrom([...INTEGERS, ...DECIMALS], type, sub),
  ];
  if (type.scale === 4) {
    const [factor] = DECIMALS;
    if (factor !== undefined) choices.push(binary(['mul'], type, sub(factor), sub(factor)));
  }
  if (type.scale === 0) choices.push(binary(['mul'], type, sub(), sub()));
  return fc.oneof(...choices);
}

function bool(sub: Sub): Drawn {
  return fc.oneof(
    fc.constantFrom(...COMPUTED).chain(t => fc.tuple(fc.constantFrom(...COMPARISONS), sub(t), sub(t)))
      .map(([op, a, b]) => call(op, BOOL, [a, b], op !== 'isDistinctFrom' && (a.nullable || b.nullable))),
    fc.tuple(fc.constantFrom<CallOp>('and', 'or'), fc.array(sub(), { minLength: 2, maxLength: 3 })).map(([op, args]) => call(op, BOOL, args)),
    unary(['not'], BOOL, sub()),
    fc.constantFrom(...COMPUTED).chain(t => fc.tuple(fc.constantFrom<CallOp>('isNull', 'isNotNull'), sub(t))).map(([op, a]) => call(op, BOOL, [a], false)),
    fc.constantFrom(...COMPUTED).chain(t => fc.tuple(sub(t), fc.array(valueOf(t), { maxLength: 4 }), fc.boolean()))
      .map(([arg, values, negated]): Expression => ({ op: 'in', type: BOOL, nullable: arg.nullable, arg, values: values.map(jsonOf), negated })),
    binary(['startsWith', 'endsWith', 'contains'], BOOL, sub(UTF8), sub(UTF8)),
    fc.tuple(sub(UTF8), fc.array(fc.constantFrom('%', '_', 'a', 'é', '😀'), { maxLength: 5 })).map(([a, p]) => call('like', BOOL, [a, literal(p.join(''), UTF8)])),
  );
}

function text(sub: Sub): Drawn {
  const count = fc.integer({ min: 0, max: 4 }).map((n): Expression => literal(String(n), INT64));
  return fc.oneof(
    unary(['lower', 'upper', 'trim'], UTF8, sub()),
    fc.array(sub(), { minLength: 2, maxLength: 3 }).map(args => call('concat', UTF8, args)),
    fc.tuple(sub(), fc.integer({ min: -3, max: 4 }), fc.option(count)).map(([a, start, length]) =>
      call('substring', UTF8, [a, literal(String(start), INT64), ...(length === null ? [] : [length])])),
    fc.tuple(sub(), sub(), sub()).map(args => call('replace', UTF8, args)),
    castFrom(COMPUTED.filter(t => !isOneOf(t, FLOATS)), UTF8, sub),
  );
}
