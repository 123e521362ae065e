import type { CallExpression, Expression, StaticTable } from '../../src/plan/expression-tree.ts';
import type { AggregateCall, Aggregate } from '../../src/plan/plan.ts';
import type { DataType, Fields } from '../../src/plan/types.ts';
import { type Cell, cellOfLiteral, decimalText } from './cells.ts';
import { dateText } from './calendar.ts';

/** Plans as DuckDB's SQL, for what both have. */

export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export function sqlType(type: DataType): string {
  switch (type.kind) {
    case 'bool': return 'BOOLEAN';
    case 'int8': return 'TINYINT';
    case 'int16': return 'SMALLINT';
    case 'int32': return 'INTEGER';
    case 'int64': return 'BIGINT';
    case 'uint8': return 'UTINYINT';
    case 'uint16': return 'USMALLINT';
    case 'uint32': return 'UINTEGER';
    case 'uint64': return 'UBIGINT';
    case 'float32': return 'FLOAT';
    case 'float64': return 'DOUBLE';
    case 'date': return 'DATE';
    case 'timestamp': return type.unit === 'ms' ? 'TIMESTAMP_MS' : 'TIMESTAMP';
    case 'decimal': return `DECIMAL(${type.precision},${type.scale})`;
    case 'binary': return 'BLOB';
    default: return 'VARCHAR';
  }
}
const cast = (sql: string, type: DataType): string => `CAST(${sql} AS ${sqlType(type)})`;
const bytes = (data: Uint8Array): string => `'${[...data].map(b => '\\x' + b.toString(16).padStart(2, '0')).join('')}'::BLOB`;

export function sqlCell(cell: Cell, type: DataType): string {
  if (cell === null) return cast('NULL', type);
  if (cell instanceof Uint8Array) return bytes(cell);
  if (typeof cell === 'string') return /^[ -~]*$/.test(cell) ? `'${cell.replaceAll("'", "''")}'` : `decode(${bytes(Buffer.from(cell))})`;
  if (typeof cell === 'bigint' && type.kind === 'timestamp') {
    return type.unit === 'us' ? `make_timestamp(${cell}::BIGINT)` : cast(`make_timestamp(${cell}000::BIGINT)`, type);
  }
  const text = type.kind === 'date' ? dateText(cell as bigint)
    : type.kind === 'decimal' ? decimalText(cell as bigint, type.scale) : Object.is(cell, -0) ? '-0' : String(cell);
  return cast(`'${text}'`, type);
}

export function sqlExpression(e: Expression, tables: readonly StaticTable[]): string {
  const sub = (x: Expression): string => sqlExpression(x, tables);
  switch (e.op) {
    case 'column': return sqlName(e.name);
    // Never a constant to DuckDB: it would evaluate one that faults although no row does.
    case 'literal': return `(CASE WHEN __position < 0 THEN NULL ELSE ${sqlCell(cellOfLiteral(e.value, e.type), e.type)} END)`;
    case 'in': {
      const list = e.values.map(v => sqlCell(cellOfLiteral(v, e.arg.type), e.arg.type));
      if (list.length === 0) return `(CASE WHEN ${sub(e.arg)} IS NULL THEN NULL ELSE ${e.negated} END)`;
      return `(${sub(e.arg)} ${e.negated ? 'NOT ' : ''}IN (${list.join(', ')}))`;
    }
    case 'case': return `(CASE ${e.branches.map(b => `WHEN ${sub(b.when)} THEN ${sub(b.then)}`).join(' ')} ELSE ${sub(e.otherwise)} END)`;
    case 'lookup': {
      const table = tables[e.table];
      if (table === undefined) throw new Error('no such table');
      const values = table.values[table.columns.findIndex(f => f.name === e.column)] ?? [];
      const branches = table.keys.map((key, i) => `WHEN ${sub(e.arg)} IS NOT DISTINCT FROM ${sqlCell(cellOfLiteral(key, table.key.type), table.key.type)} `
        + `THEN ${sqlCell(cellOfLiteral(values[i] ?? null, e.type), e.type)}`);
      return branches.length === 0 ? cast('NULL', e.type) : `(CASE ${branches.join(' ')} END)`;
    }
    case 'udf': throw new Error('SQL has no user-defined functions');
    // A decimal's result type is the plan's, not DuckDB's wider one.
    default: return cast(sqlCall(e, e.args.map(sub)), e.type);
  }
}

const INFIX: Record<string, string> = {
  eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=', isDistinctFrom: 'IS DISTINCT FROM', and: 'AND', or: 'OR',
  add: '+', sub: '-', mul: '*', div: '/', intDiv: '//', mod: '%', concat: '||', like: 'LIKE',
};
const FUNCTIONS: Record<string, string> = {
  abs: 'abs', sqrt: 'sqrt', lower: 'lower', upper: 'upper', trim: 'trim', length: 'length', substring: 'substring', startsWith: 'starts_with',
  endsWith: 'suffix', contains: 'contains', replace: 'replace', coalesce: 'coalesce',
};
function sqlCall(e: CallExpression, args: readonly string[]): string {
  const [a = '', b = ''] = args;
  const infix = INFIX[e.op];
  if (infix !== undefined) return `(${args.join(` ${infix} `)})`;
  const fn = FUNCTIONS[e.op];
  if (fn !== undefined) return `${fn}(${args.join(', ')})`;
  switch (e.op) {
    case 'not': return `(NOT ${a})`;
    case 'isNull': return `(${a} IS NULL)`;
    case 'isNotNull': return `(${a} IS NOT NULL)`;
    case 'neg': return `(- (${a}))`;
    // Of an integer DuckDB's are in double, and lose digits.
    case 'floor': case 'ceil': case 'round': return e.type.kind.includes('int') ? a : `${e.op}(${a})`;
    case 'cast': return a;
    case 'datePart': return `date_part(${a.replace('dayOfWeek', 'dow').replace('dayOfYear', 'doy')}, ${b})`;
    case 'truncate': return `date_trunc(${a}, ${b})`;
    default: throw new Error(`no SQL for ${e.op}`);
  }
}

const AGGREGATES: Partial<Record<AggregateCall['fn'], string>> = {
  count: 'count', sum: 'sum', min: 'min', max: 'max', mean: 'avg', variance: 'var_samp', variancePopulation: 'var_pop', stddev: 'stddev_samp',
  stddevPopulation: 'stddev_pop', first: 'first', last: 'last', boolAnd: 'bool_and', boolOr: 'bool_or',
  argMin: 'arg_min_null', argMax: 'arg_max_null', countDistinct: 'count',
};
/** What DuckDB has by the same rules. Its sketches are others, and its lists no text. */
export const inDuckdb = ({ fn }: AggregateCall): boolean => AGGREGATES[fn] !== undefined;
/** Event time, branch and position of a row in the tables of the test. */
export const PLACE = ['__time', '__branch', '__position'] as const;

/** Groups the rows of `table`. Window columns come as integers. */
export function sqlAggregate(spec: Aggregate, tables: readonly StaticTable[], table: string): string {
  const start = spec.window.kind !== 'tumbling' ? null : `(__time - ((__time - ${spec.window.offset}) % ${spec.window.size} + ${spec.window.size}) % ${spec.window.size})`;
  const keys = spec.keys.map((k, i) => `${sqlExpression(k.expression, tables)} AS __key${i}`);
  const groups = [...spec.keys.map((_, i) => `__key${i}`), ...(start === null ? [] : ['__start'])];
  const columns = spec.keys.map((k, i) => `__key${i} AS ${sqlName(k.name)}`);
  if (spec.window.kind === 'tumbling') columns.push('__start AS "windowStart"', `__start + ${spec.window.size} AS "windowEnd"`);
  const calls = spec.aggregates.map(a => {
    const order = ['first', 'last', 'argMin', 'argMax'].includes(a.fn) ? ` ORDER BY ${PLACE.join(', ')}` : '';
    const input = a.input === null ? '*' : [a.input, ...(a.more ?? [])].map(e => sqlExpression(e, tables)).join(', ');
    const where = a.where === null ? '' : ` FILTER (WHERE ${sqlExpression(a.where, tables)})`;
    const distinct = a.fn === 'countDistinct' ? 'DISTINCT ' : '';
    return `${cast(`${AGGREGATES[a.fn]}(${distinct}${input}${order})${where}`, a.type)} AS ${sqlName(a.name)}`;
  });
  const inner = `SELECT *${[...keys, ...(start === null ? [] : [`${start} AS __start`])].map(k => ', ' + k).join('')} FROM ${table}`;
  return `SELECT ${[...columns, ...calls].join(', ')} FROM (${inner})${groups.length > 0 ? ` GROUP BY ${groups.join(', ')}` : ''}`;
}
export const sqlColumns = (fields: Fields): string => fields.map(f => sqlName(f.name)).join(', ');
