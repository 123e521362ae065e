import type { CallExpression, Expression, LookupExpression, StaticTable, UdfExpression } from '../../src/plan/expression-tree.ts';
import type { Value } from '../../src/plan/types.ts';
import { type Cell, cellOfLiteral, cellOfValue, compareCells, identityOf, keyCell, mapAll, RowFault, valueOfCell } from './cells.ts';
import { strict } from './strict.ts';

export type Udf = (...args: Value[]) => unknown;
/** The columns that an expression sees. `get` computes a column of a projection, and so may throw RowFault. */
export interface Columns { get(name: string): Cell | undefined }
export interface Environment {
  readonly row: Columns;
  /** Computes the operands of `and` and `or` whether they are needed or not, as DuckDB does. */
  readonly eager: boolean;
  readonly tables: readonly StaticTable[];
  /** By `module#name`. */
  readonly udfs: ReadonlyMap<string, Udf>;
}

/**
 * The value of an expression for one row. Throws RowFault. All operands are computed but those that do not matter: branches of `case`
 * and `coalesce` that are not taken, and what stands behind the operand that decides an `and` or `or`.
 */
export function evaluate(e: Expression, env: Environment): Cell {
  switch (e.op) {
    case 'column': return columnCell(e.name, env);
    case 'literal': return cellOfLiteral(e.value, e.type);
    case 'in': {
      const arg = evaluate(e.arg, env);
      if (arg === null) return null;
      return e.values.some(v => equal(arg, cellOfLiteral(v, e.arg.type))) !== e.negated;
    }
    case 'case': {
      for (const branch of e.branches) if (evaluate(branch.when, env) === true) return evaluate(branch.then, env);
      return evaluate(e.otherwise, env);
    }
    case 'lookup': return lookupCell(e, env);
    case 'udf': return callUdf(e, env);
    case 'coalesce': {
      for (const arg of e.args) {
        const cell = evaluate(arg, env);
        if (cell !== null) return cell;
      }
      return null;
    }
    case 'and': return connective(e, false, env);
    case 'or': return connective(e, true, env);
    default: return call(e, mapAll(e.args, arg => evaluate(arg, env)));
  }
}

/** From left to right up to the operand that decides. */
function connective(e: CallExpression, decisive: boolean, env: Environment): Cell {
  let result: Cell = !decisive;
  for (const arg of e.args) {
    const cell = evaluate(arg, env);
    if (cell === decisive) result = decisive;
    else if (cell === null && result !== decisive) result = null;
    if (result === decisive && !env.eager) break;
  }
  return result;
}
/** Whether a filter keeps a row. The terms of a conjunction are filters one after the other. */
export function holds(e: Expression, env: Environment): boolean {
  if (e.op === 'and' && !env.eager) return e.args.every(term => holds(term, env));
  return evaluate(e, env) === true;
}

function columnCell(name: string, env: Environment): Cell {
  const cell = env.row.get(name);
  if (cell === undefined) throw new Error(`no column ${name}`);
  return cell;
}
const equal = (a: Cell, b: Cell): boolean => a !== null && b !== null && compareCells(a, b) === 0;

function lookupCell(e: LookupExpression, env: Environment): Cell {
  const key = identityOf(keyCell(evaluate(e.arg, env)));
  const table = env.tables[e.table];
  if (table === undefined) throw new Error('no such table');
  const at = table.keys.findIndex(k => identityOf(keyCell(cellOfLiteral(k, table.key.type))) === key);
  const column = table.columns.findIndex(f => f.name === e.column);
  return at < 0 ? null : cellOfLiteral(table.values[column]?.[at] ?? null, e.type);
}

function callUdf(e: UdfExpression, env: Environment): Cell {
  const udf = env.udfs.get(`${e.module}#${e.name}`);
  if (udf === undefined) throw new Error(`no function ${e.name}`);
  const args = mapAll(e.args, arg => valueOfCell(evaluate(arg, env), arg.type));
  let result: unknown;
  try {
    result = udf(...args);
  } catch (error) {
    throw new RowFault('UDF_FAILED', String(error));
  }
  if (result === null || result === undefined) {
    if (!e.nullable) throw new RowFault('NULL_IN_NON_NULL', e.name);
    return null;
  }
  const cell = cellOfValue(result, e.type);
  if (cell === undefined) throw new RowFault('UDF_FAILED', `${e.name} returned no ${e.type.kind}`);
  return cell;
}

/** Operators with their own rule for nulls, then those that are null as soon as an operand is. */
function call(e: CallExpression, args: readonly Cell[]): Cell {
  const [a = null, b = null] = args;
  switch (e.op) {
    case 'isNull': return a === null;
    case 'isNotNull': return a !== null;
    case 'isDistinctFrom': return a === null || b === null ? a !== b : !equal(a, b);
    default: return args.includes(null) ? null : strict(e, args as readonly Exclude<Cell, null>[]);
  }
}
