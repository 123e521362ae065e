import fc from 'fast-check';
import type { CallOp, Expression, StaticTable } from '../../src/plan/expression-tree.ts';
import type { Branch, Step } from '../../src/plan/plan.ts';
import type { DataType, Field, Row, Value } from '../../src/plan/types.ts';
import type { Udfs } from './naive.ts';

/** Random schemas, rows and expressions that the pipeline builder could have made. */
export type Draw = fc.GeneratorValue;
/** Without fast-check's liking for small numbers, which would make all choices the first. */
const below = (limit: number): fc.Arbitrary<number> => fc.noBias(fc.nat({ max: limit - 1 }));
const pick = <T>(g: Draw, of: readonly T[]): T => of[g(below, of.length)]!;
const chance = (g: Draw, percent: number): boolean => g(below, 100) < percent;

const INTS = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const;
const BOOL: DataType = { kind: 'bool' }, UTF8: DataType = { kind: 'utf8' }, INT64: DataType = { kind: 'int64' }, FLOAT64: DataType = { kind: 'float64' };
const TYPES: readonly DataType[] = [
  BOOL, ...INTS.map(kind => ({ kind })), { kind: 'float32' }, FLOAT64, UTF8, { kind: 'binary' }, { kind: 'date' },
  { kind: 'timestamp', unit: 'ms' }, { kind: 'timestamp', unit: 'us' }, { kind: 'decimal', precision: 5, scale: 2 }, { kind: 'decimal', precision: 18, scale: 4 },
  { kind: 'dictionary', index: 'int8' }, { kind: 'dictionary', index: 'int16' }, { kind: 'dictionary', index: 'int32' },
];
const same = (a: DataType, b: DataType) => JSON.stringify(a) === JSON.stringify(b);
const isText = (type: DataType) => type.kind === 'utf8' || type.kind === 'dictionary';
const RANGE: Record<string, [bigint, bigint]> = Object.fromEntries(INTS.map(kind => {
  const bits = BigInt(kind.replace(/\D/g, ''));
  return [kind, kind[0] === 'u' ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]];
}));
const TEXTS = ['', 'view', 'click', 'a', 'abab', 'Ünïcode 😀', '  x ', 'ÉCLAIR', 'ΑΣ ß ŉİ', '12', '-7.5', '1e3', '2024-02-29', '2024-12-30T23:59:59.9995Z', 'true', 'nan', 'a%b', '99999999999999999999', '\u00a0z\u3000', '0.005', '1970-01-01 00:00:00.5+01:30'];

/** In the JavaScript form. */
export function value(g: Draw, type: DataType): Value {
  switch (type.kind) {
    case 'bool': return g(fc.boolean);
    case 'float32': return Math.fround(pick(g, [0, -0, 1.5, NaN, Infinity, -2.5, 0.5, 3e38, 1e-5, g(fc.integer, { min: -1000, max: 1000 }) / 8]));
    case 'float64': return pick(g, [0, -0, 1.5, NaN, -Infinity, 2.5, -0.5, 1e300, 12345.678, 1e16, 9.007e15, g(fc.integer, { min: -1000, max: 1000 }) / 8]);
    case 'utf8': case 'dictionary': return chance(g, 80) ? pick(g, TEXTS) : g(fc.string, { maxLength: 9, unit: 'grapheme' });
    case 'binary': return g(fc.uint8Array, { maxLength: 5 });
    case 'date': return pick(g, ['1970-01-01', '2024-02-29', '1969-12-31', '2021-01-03', '1900-03-01', '9999-12-31', '0001-01-01']);
    case 'timestamp': {
      const millis = pick(g, [0, -1, 1_735_603_199_999, 951_782_400_000, g(fc.integer, { min: -(2 ** 45), max: 2 ** 45 })]);
      return type.unit === 'ms' ? millis : BigInt(millis) * 1000n + BigInt(g(fc.nat, { max: 999 }));
    }
    case 'decimal': {
      const limit = 10n ** BigInt(type.precision) - 1n;
      const scaled = pick(g, [0n, limit, -limit, 5n, -50n, g(fc.bigInt, { min: -limit, max: limit })]);
      const digits = String(scaled < 0n ? -scaled : scaled).padStart(type.scale + 1, '0');
      return `${scaled < 0n ? '-' : ''}${digits.slice(0, -type.scale)}.${digits.slice(-type.scale)}`;
    }
    default: {
      const [low, high] = RANGE[type.kind]!;
      const small = BigInt(g(fc.integer, { min: low < 0n ? -9 : 0, max: 9 }));
      const big = pick(g, [low, high, small, small, g(fc.bigInt, { min: low, max: high })]);
      return type.kind.endsWith('64') ? big : Number(big);
    }
  }
}
/** In the literals' JSON form. */
export function json(type: DataType, of: Value): boolean | number | string {
  if (of instanceof Uint8Array) return Buffer.from(of).toString('base64');
  if (typeof of === 'bigint') return String(of);
  if (typeof of === 'number' && (!Number.isFinite(of) || Object.is(of, -0))) return Object.is(of, -0) ? '-0' : String(of);
  return of as boolean | number | string;
}

export const udfs: Udfs = {
  half: x => (x === null ? null : Math.trunc((x as number) / 2)),
  picky: x => { if (x === null || (x as number) % 2 === 0) throw new Error(`no even ${String(x)}`); return x; },
  wrong: x => (x === null ? null : `${String(x)}`),
  twice: s => (s === null ? null : `${s as string}${s as string}`),
};

export class Drawer {
  constructor(readonly g: Draw, readonly tables: readonly StaticTable[]) {}

  call(op: CallOp, type: DataType, ...args: Expression[]): Expression { return { op, type, args, nullable: true }; }
  literal(type: DataType, nulls = true): Expression {
    const isNull = nulls && chance(this.g, 10);
    return { op: 'literal', type, value: isNull ? null : json(type, value(this.g, type)), nullable: isNull };
  }

  /** An expression of a type over `columns`. */
  expression(type: DataType, columns: readonly Field[], depth: number): Expression {
    const { g } = this;
    const matching = columns.filter(column => same(column.type, type));
    const leaf = (): Expression => {
      if (matching.length > 0 && chance(g, 80)) return { op: 'column', name: pick(g, matching).name, type, nullable: true };
      return this.literal(type);
    };
    if (depth === 0 || chance(g, 15)) return leaf();
    const of = (other: DataType): Expression => this.expression(other, columns, depth - 1);
    const common: (() => Expression)[] = [
      leaf,
      () => this.call('coalesce', type, of(type), of(type), ...(chance(g, 50) ? [of(type)] : [])),
      () => ({ op: 'case', type, nullable: true, branches: Array.from({ length: 1 + g(below, 2) }, () => ({ when: of(BOOL), then: of(type) })), otherwise: of(type) }),
    ];
    const casts = this.castSources(type, columns);
    if (casts.length > 0) common.push(() => this.call('cast', type, of(pick(g, casts))));
    const lookups = this.tables.flatMap((table, index) => table.columns.filter(column => same(column.type, type)).map(column => ({ table, index, column })));
    if (lookups.length > 0) common.push(() => { const { table, index, column } = pick(g, lookups); return { op: 'lookup', type, nullable: true, arg: of(table.key.type), table: index, column: column.name }; });
    return pick(g, [...common, ...this.own(type, columns, of)])();
  }

  /** Types that can be cast to `type` (preferably some that there are columns of). */
  castSources(type: DataType, columns: readonly Field[]): DataType[] {
    const time = (t: DataType) => t.kind === 'date' || t.kind === 'timestamp';
    const allowed = (from: DataType): boolean => {
      if (same(from, type) || from.kind === 'binary' || type.kind === 'binary') return false;
      if (isText(from) || isText(type)) return true;
      if (time(from) || time(type)) return time(from) && time(type);
      return true;
    };
    return [...TYPES, ...columns.map(column => column.type)].filter(allowed);
  }

  own(type: DataType, columns: readonly Field[], of: (type: DataType) => Expression): (() => Expression)[] {
    const { g } = this;
    const text = (): Expression => of(pick(g, [UTF8, ...columns.map(column => column.type).filter(isText)]));
    if (type.kind === 'bool') {
      const comparison = (): Expression => {
        const operand = pick(g, [...TYPES, ...columns.map(column => column.type)]);
        const right = isText(operand) ? UTF8 : operand;
        const op = pick(g, ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'isDistinctFrom'] as const);
        return chance(g, 20) ? this.call(op, BOOL, of(right), of(operand)) : this.call(op, BOOL, of(operand), chance(g, 50) ? this.literal(right) : of(right));
      };
      return [
        comparison, comparison, comparison,
        () => this.call(pick(g, ['and', 'or']), BOOL, of(BOOL), of(BOOL), ...(chance(g, 30) ? [of(BOOL)] : [])),
        () => this.call('not', BOOL, of(BOOL)),
        () => this.call(pick(g, ['isNull', 'isNotNull']), BOOL, of(pick(g, TYPES))),
        () => this.call(pick(g, ['startsWith', 'endsWith', 'contains', 'like']), BOOL, text(), chance(g, 50) ? this.pattern() : text()),
        () => { const operand = pick(g, [...TYPES, ...columns.map(column => column.type)]); return { op: 'in', type: BOOL, nullable: true, arg: of(operand), negated: g(fc.boolean), values: Array.from({ length: 1 + g(below, 4) }, () => json(operand, value(g, operand))) }; },
      ];
    }
    if (type.kind === 'float32' || type.kind === 'float64') {
      const epoch = (): Expression => this.call('datePart', type, { op: 'literal', type: UTF8, value: 'epoch', nullable: false }, of(pick(g, TYPES.filter(t => t.kind === 'timestamp'))));
      return [
        () => this.call(pick(g, ['add', 'sub', 'mul', 'div', 'mod', 'intDiv']), type, of(type), of(type)),
        () => this.call(pick(g, ['neg', 'abs', 'floor', 'ceil', 'round', 'sqrt']), type, of(type)),
        ...(type.kind === 'float64' ? [epoch] : []),
      ];
    }
    if (type.kind === 'utf8') {
      return [
        () => this.call(pick(g, ['lower', 'upper', 'trim']), UTF8, text()),
        () => this.call('concat', UTF8, text(), text(), ...(chance(g, 40) ? [text()] : [])),
        () => this.call('substring', UTF8, text(), this.position(), ...(chance(g, 60) ? [this.position()] : [])),
        () => this.call('replace', UTF8, text(), chance(g, 60) ? this.pattern() : text(), text()),
        () => ({ op: 'udf', type: UTF8, nullable: true, module: 'test', name: 'twice', args: [text()] }),
      ];
    }
    if (type.kind === 'date' || type.kind === 'timestamp') {
      const unit = pick(g, ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year']);
      return [() => this.call('truncate', type, { op: 'literal', type: UTF8, value: unit, nullable: false }, of(type))];
    }
    if (type.kind === 'decimal') {
      const factor: DataType = { kind: 'decimal', precision: 9, scale: 2 };
      return [
        () => this.call(pick(g, ['add', 'sub', 'mod', 'intDiv']), type, of(type), of(type)),
        () => this.call(pick(g, ['neg', 'abs']), type, of(type)),
        ...(type.scale === 4 ? [() => this.call('mul', type, of(factor), of(factor))] : []),
      ];
    }
    if (!(type.kind in RANGE)) return [];
    const part = pick(g, ['year', 'quarter', 'month', 'week', 'day', 'dayOfWeek', 'dayOfYear', 'hour', 'minute', 'second', 'millisecond', 'epoch']);
    const rounded: DataType = { kind: 'decimal', precision: 5, scale: 2 }, whole: DataType = { kind: 'decimal', precision: 3, scale: 0 };
    return [
      () => this.call(pick(g, ['add', 'sub', 'mul', 'intDiv', 'mod']), type, of(type), of(type)),
      () => this.call(pick(g, ['neg', 'abs', 'floor', 'round']), type, of(type)),
      () => this.call('cast', type, this.call(pick(g, ['floor', 'ceil', 'round']), whole, of(rounded))),
      ...(type.kind === 'int64' ? [
        () => this.call('length', INT64, text()),
        () => this.call('datePart', INT64, { op: 'literal', type: UTF8, value: part, nullable: false }, of(pick(g, TYPES.filter(t => t.kind === 'date' || t.kind === 'timestamp')))),
      ] : []),
      ...(type.kind === 'int32' ? [(): Expression => ({ op: 'udf', type, nullable: true, module: 'test', name: pick(g, ['half', 'picky', 'wrong']), args: [of(type)] })] : []),
    ];
  }
  pattern(): Expression { return { op: 'literal', type: UTF8, value: pick(this.g, ['', '%', 'a', 'v%', '%b', '%li%', '_', 'a%b', '%_', 'é', 'ab', '%a_%']), nullable: false }; }
  position(): Expression { return { op: 'literal', type: INT64, value: String(this.g(fc.integer, { min: -6, max: 6 })), nullable: false }; }
}

export function drawTables(g: Draw): StaticTable[] {
  return [pick(g, [UTF8, INT64]), pick(g, TYPES)].map((keyType, at) => {
    const keys = new Map(Array.from({ length: g(fc.nat, { max: 6 }) }, () => { const key = value(g, keyType); return [String(typeof key === 'number' ? key + 0 : key), json(keyType, key)] as const; }));
    const columns = [UTF8, INT64, pick(g, TYPES)].map((type, i) => ({ name: `t${at}${i}`, type, nullable: true }));
    return {
      key: { name: 'key', type: keyType, nullable: false }, columns, keys: [...keys.values()],
      values: columns.map(({ type }) => [...keys].map(() => (chance(g, 20) ? null : json(type, value(g, type))))),
    };
  });
}

export interface Drawn { branch: Branch; outputs: Expression[]; tables: StaticTable[]; rows: Row[] }
export function drawCase(g: Draw): Drawn {
  const tables = drawTables(g);
  const drawer = new Drawer(g, tables);
  const schema: Field[] = Array.from({ length: 1 + g(below, 5) }, (_, i) => ({ name: `c${i}`, type: pick(g, TYPES), nullable: chance(g, 60) }));
  const rows: Row[] = Array.from({ length: g(below, 41) }, () =>
    Object.fromEntries(schema.map(({ name, type, nullable }) => [name, chance(g, nullable ? 25 : 1) ? null : value(g, type)])));
  let columns = schema;
  const steps: Step[] = [];
  for (let step = g(below, 4); step > 0; step--) {
    if (chance(g, 60)) steps.push({ kind: 'filter', predicate: drawer.expression(BOOL, columns, 3) });
    else {
      const named = Array.from({ length: 1 + g(below, 4) }, (_, i) => {
        const type = chance(g, 50) ? pick(g, columns).type : pick(g, TYPES);
        return { name: `p${step}${i}`, expression: drawer.expression(type, columns, 2) };
      });
      steps.push({ kind: 'project', columns: named });
      columns = named.map(({ name, expression }) => ({ name, type: expression.type, nullable: true }));
    }
  }
  const outputs = Array.from({ length: 1 + g(below, 3) }, () => drawer.expression(chance(g, 50) ? pick(g, columns).type : pick(g, TYPES), columns, 3));
  return { branch: { source: { name: 'source', schema }, side: 0, from: { source: 0 }, eventTime: null, steps }, outputs, tables, rows };
}
