import { MillraceError } from '../errors.js';
import type { Columns, ValueOf } from './column.js';
import { typeNode, type ColumnType } from './type-builders.js';
import type { DataType, Field, Fields } from './types.js';

/** Named, ordered column types; made by `schema`. */
export interface Schema<in out C extends Columns = Columns> {
  readonly fields: Fields;
  /** Never set: carries the columns for the type checker. */
  readonly columns?: C;
}
/** A row as a JavaScript object: `RowOf<typeof Ad>`. */
export type RowOf<S> = S extends Schema<infer C> ? RowOfColumns<C> : never;
export type RowOfColumns<C extends Columns> = { [P in keyof C]: ValueOf<C[P]> };
export type ColumnsOfTypes<D extends Readonly<Record<string, ColumnType>>> = { readonly [P in keyof D]: NonNullable<D[P]['face']>['column'] };

class SchemaNode {
  constructor(readonly fields: Fields) {
    Object.freeze(this);
  }
}

/**
 * Describes the rows of a source: `schema({ adId: t.utf8, at: t.timestamp, price: t.decimal(10, 2).nullable })`. The order of the
 * columns is that of the object's keys (JavaScript puts names that are whole numbers first).
 */
export function schema<D extends Readonly<Record<string, ColumnType>>>(types: D): Schema<ColumnsOfTypes<D>> {
  const fields = Object.entries(types).map(([name, type]): Field => {
    if (name === '') throw new MillraceError('PLAN_INVALID', 'A column needs a name.');
    const node = typeNode(type, `Column ${name} of a schema`);
    return Object.freeze({ name, type: node.dataType, nullable: node.isNullable });
  });
  if (fields.length === 0) throw new MillraceError('PLAN_INVALID', 'A schema needs at least one column.');
  return new SchemaNode(Object.freeze(fields)) as unknown as Schema<ColumnsOfTypes<D>>;
}

/** REQUIRES a schema: plain JavaScript may pass anything. */
export function schemaFields(value: unknown, where: string): Fields {
  if (value instanceof SchemaNode) return value.fields;
  throw new MillraceError('PLAN_INVALID', `${where} takes a schema: schema({ id: t.int64, … }).`);
}

/** A type as users write it, without the `t.`. */
export function typeName(type: DataType): string {
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`;
  if (type.kind === 'timestamp') return type.unit === 'ms' ? 'timestamp' : 'timestampUs';
  return type.kind;
}
export const fieldText = (field: Field): string => `${field.name} ${typeName(field.type)}${field.nullable ? ' null' : ''}`;

export function sameType(a: DataType, b: DataType): boolean {
  if (a.kind === 'timestamp') return b.kind === 'timestamp' && a.unit === b.unit;
  if (a.kind === 'decimal') return b.kind === 'decimal' && a.precision === b.precision && a.scale === b.scale;
  if (a.kind === 'dictionary') return b.kind === 'dictionary' && a.index === b.index;
  return a.kind === b.kind;
}
