import { MillraceError } from '../errors.js';
import type { Columns, Expr, NullableColumn, TagOf } from './column.js';
import { ColumnNode, operand } from './column-node.js';
import type { Expression, LookupExpression, StaticTable as TableData } from './expression-tree.js';
import { encodeValue, type JsonValue } from './literal.js';
import { Bare, coerceTo, literalBeside, mismatch, typed, type Operand } from './operators/coerce.js';
import { noteBuilt, noteUsed, type Recorded } from './recording.js';
import { schemaFields, typeName, type RowOfColumns, type Schema } from './schema.js';
import { unknownColumn } from './suggest.js';
import type { TextTag, ValueByTag, NumericTag } from './tags.js';
import { describeValue } from './type-builders.js';
import { UTF8, commonType, isText } from './type-rules.js';
import { sameType } from './schema.js';
import type { Field, Fields } from './types.js';

/** A small table in memory, for `lookup`. Made once by `staticTable`, usable in any number of pipelines. */
export interface StaticTable<in out C extends Columns, K extends keyof C> {
  readonly key: K;
  readonly size: number;
  readonly columns?: C;
}

/** `staticTable(schema({ adId: t.utf8, campaignId: t.utf8 }), rows, { key: 'adId' })`. Keys are unique and not null. */
export function staticTable<C extends Columns, K extends keyof C & string>(
  tableSchema: Schema<C>, rows: Iterable<RowOfColumns<C>>, options: { readonly key: K },
): StaticTable<C, K> {
  return new TableNode(tableData(schemaFields(tableSchema, 'staticTable'), rows, options?.key)) as unknown as StaticTable<C, K>;
}

function tableData(given: Fields, rows: Iterable<unknown>, keyName: unknown): TableData {
  // A dictionary is how a source stores text; a table holds the text itself.
  const fields = given.map(field => (isText(field.type) ? { ...field, type: UTF8 } : field));
  const key = fields.find(field => field.name === keyName);
  if (key === undefined) throw unknownColumn(String(keyName), fields.map(field => field.name), 'staticTable: its schema');
  const columns = fields.filter(field => field !== key);
  const keys = new Set<JsonValue>();
  const values: (JsonValue | null)[][] = columns.map(() => []);
  let number = 0;
  for (const row of rows) {
    const keyValue = cell(row, key, number);
    if (keyValue === null) throw new MillraceError('PLAN_INVALID', `staticTable: the key ${key.name} of row ${number} is null.`);
    if (keys.has(keyValue)) throw new MillraceError('PLAN_INVALID', `staticTable: the key ${key.name} = ${keyValue} of row ${number} is not unique.`);
    keys.add(keyValue);
    columns.forEach((column, i) => values[i]!.push(cell(row, column, number)));
    number++;
  }
  return { key: { ...key, nullable: false }, columns, keys: [...keys], values };
}

function cell(row: unknown, field: Field, number: number): JsonValue | null {
  const value = typeof row === 'object' && row !== null ? (row as Record<string, unknown>)[field.name] : undefined;
  if ((value === null || value === undefined) && field.nullable) return null;
  const encoded = encodeValue(value, field.type);
  if (encoded !== undefined) return encoded === '-0' ? 0 : encoded;
  throw mismatch(`staticTable: ${field.name} of row ${number} is ${describeValue(value)}, not ${typeName(field.type)}.`);
}

class TableNode {
  readonly key: string;
  readonly size: number;
  constructor(readonly data: TableData) {
    this.key = data.key.name;
    this.size = data.keys.length;
  }
}

/** Which table a recorded lookup means: the plan numbers its tables only when it is complete. */
const tableOfLookup = new WeakMap<Expression, TableData>();
export const lookupTable = (lookupExpression: LookupExpression): TableData => tableOfLookup.get(lookupExpression)!;

type KeyOperand<E extends Expr> = Expr<TagOf<E> extends TextTag ? TextTag : TagOf<E> extends NumericTag ? NumericTag : TagOf<E>> | ValueByTag[TagOf<E>];
/**
 * The row of a static table whose key equals a column: `lookup(row.adId, ads).campaignId`. Its columns are null where there is no such
 * row; `lookup(…).x.isNotNull()` keeps the rows that have one only if `x` is never null in the table.
 */
export function lookup<C extends Columns, K extends keyof C>(column: KeyOperand<C[K]>, table: StaticTable<C, K>): { readonly [P in Exclude<keyof C, K>]: NullableColumn<C[P]> } {
  if (!((table as unknown) instanceof TableNode)) throw new MillraceError('PLAN_INVALID', `lookup takes a table made by staticTable, got ${describeValue(table)}.`);
  const { data } = table as unknown as TableNode;
  return new Proxy({}, new FoundRow(keyExpression(operand(column), data.key), data)) as never;
}

function keyExpression(key: Operand, field: Field): Expression {
  const expression = key instanceof Bare ? literalBeside(key.value, field.type, 'lookup') : key;
  if (isText(expression.type) && isText(field.type)) return expression;
  const common = commonType(expression.type, field.type);
  if (common !== null && sameType(common, field.type)) return coerceTo(expression, field.type);
  throw mismatch(`lookup: ${typed(expression)} cannot be looked up in the key ${field.name} of type ${typeName(field.type)}. Cast it to that type.`);
}

/** The columns of a table as the row found has them. */
class FoundRow implements ProxyHandler<object>, Recorded {
  constructor(readonly arg: Expression, readonly data: TableData) {
    noteBuilt(this);
  }
  describe(): string {
    return `a lookup in the table of ${this.data.key.name} without a column`;
  }
  get(_target: object, name: string | symbol): unknown {
    if (typeof name === 'symbol') return undefined;
    const field = this.data.columns.find(column => column.name === name);
    if (field === undefined) throw unknownColumn(name, this.data.columns.map(column => column.name), `lookup: the table of ${this.data.key.name}`);
    noteUsed(this);
    const expression: LookupExpression = { op: 'lookup', type: field.type, nullable: true, arg: this.arg, table: -1, column: name };
    tableOfLookup.set(expression, this.data);
    return new ColumnNode(expression);
  }
}
