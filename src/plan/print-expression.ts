import type { CallOp, Expression } from './expression-tree.js';
import { typeName } from './schema.js';
import type { DataType } from './types.js';

const INFIX: Partial<Record<CallOp, string>> = {
  eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=', isDistinctFrom: 'IS DISTINCT FROM', and: 'AND', or: 'OR',
  add: '+', sub: '-', mul: '*', div: '/', intDiv: '//', mod: '%', like: 'LIKE',
};
const SHOWN_IN_LIST = 6;

/** An expression as SQL would say it, for `explain()` and error messages. */
export function printExpression(expression: Expression, nested = false): string {
  switch (expression.op) {
    case 'column': return printName(expression.name);
    case 'literal': return printLiteral(expression.value, expression.type);
    case 'in': {
      const shown = expression.values.slice(0, SHOWN_IN_LIST).map(value => printLiteral(value, expression.arg.type));
      if (expression.values.length > SHOWN_IN_LIST) shown.push(`… ${expression.values.length - SHOWN_IN_LIST} more`);
      return parenthesised(`${printExpression(expression.arg, true)} ${expression.negated ? 'NOT IN' : 'IN'} (${shown.join(', ')})`, nested);
    }
    case 'case': {
      const branches = expression.branches.map(({ when, then }) => `WHEN ${printExpression(when)} THEN ${printExpression(then)} `);
      return `CASE ${branches.join('')}ELSE ${printExpression(expression.otherwise)} END`;
    }
    case 'lookup': {
      const table = expression.table < 0 ? 'table' : `table ${expression.table}`;
      return `lookup(${printExpression(expression.arg)}, ${table}).${printName(expression.column)}`;
    }
    case 'udf': return `${expression.name}(${expression.args.map(arg => printExpression(arg)).join(', ')})`;
    default: return printCall(expression.op, expression.args, expression.type, nested);
  }
}

function printCall(op: CallOp, args: readonly Expression[], type: DataType, nested: boolean): string {
  const infix = INFIX[op];
  if (infix !== undefined) return parenthesised(args.map(arg => printExpression(arg, true)).join(` ${infix} `), nested);
  const [first] = args as [Expression];
  if (op === 'not') return parenthesised(`NOT ${printExpression(first, true)}`, nested);
  if (op === 'neg') return `-${printExpression(first, true)}`;
  if (op === 'isNull') return parenthesised(`${printExpression(first, true)} IS NULL`, nested);
  if (op === 'isNotNull') return parenthesised(`${printExpression(first, true)} IS NOT NULL`, nested);
  if (op === 'cast') return `CAST(${printExpression(first)} AS ${typeName(type)})`;
  return `${op}(${args.map(arg => printExpression(arg)).join(', ')})`;
}

const parenthesised = (text: string, nested: boolean): string => (nested ? `(${text})` : text);
/** Quoted where it would not be read as one name. */
export const printName = (name: string): string => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

function printLiteral(value: null | boolean | number | string, type: DataType): string {
  if (value === null) return 'NULL';
  if (type.kind === 'utf8' || type.kind === 'dictionary') return `'${String(value).replaceAll('\'', '\'\'')}'`;
  if (type.kind === 'date') return `DATE '${value}'`;
  if (type.kind === 'binary') return `BASE64 '${value}'`;
  if (type.kind === 'timestamp') return printTimestamp(value, type.unit);
  return String(value);
}

function printTimestamp(value: boolean | number | string, unit: 'ms' | 'us'): string {
  const ms = unit === 'ms' ? Number(value) : Number(BigInt(value) / 1000n);
  const date = new Date(ms);
  const exact = unit === 'ms' || BigInt(value) % 1000n === 0n;
  return exact && Number.isFinite(date.getTime()) ? `TIMESTAMP '${date.toISOString()}'` : `${value} ${unit === 'us' ? 'µs' : 'ms'}`;
}
