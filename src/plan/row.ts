import { ColumnNode, coerced } from './column-node.js';
import { columnOf } from './expression-tree.js';
import { noteUsed } from './recording.js';
import { unknownColumn } from './suggest.js';
import type { Field, Fields } from './types.js';

/**
 * The row a callback gets: a column for every name, an error for any other. A bool column that is read by name counts as built,
 * because `row.isBot && …` is the likeliest slip; spreading the row or taking `...rest` of it reads columns without meaning to.
 */
export function rowOf(fields: Fields, where: string): object {
  return aliasedRow(fields, field => field.name, where);
}
/** As `rowOf`: a row whose columns are called `alias` elsewhere. */
export function aliasedRow(fields: Fields, alias: (field: Field) => string, where: string): object {
  const byName = new Map(fields.map(field => [field.name, { ...field, name: alias(field) }]));
  const handler = new RowHandler(byName, where);
  return new Proxy(Object.create(null) as object, handler);
}

class RowHandler implements ProxyHandler<object> {
  /** Set by the descriptor look-up that precedes every read of a spread. */
  #spreading: string | null = null;
  readonly #readByName: ColumnNode[] = [];
  constructor(readonly byName: ReadonlyMap<string, Field>, readonly where: string) {}

  get(_target: object, name: string | symbol): unknown {
    if (typeof name === 'symbol') return name === Symbol.toPrimitive ? refusePrimitive : undefined;
    const field = this.byName.get(name);
    if (field === undefined) throw unknownColumn(name, [...this.byName.keys()], this.where);
    const watched = field.type.kind === 'bool' && this.#spreading !== name;
    this.#spreading = null;
    const node = columnNode(field, watched);
    if (watched) this.#readByName.push(node);
    return node;
  }
  has(_target: object, name: string | symbol): boolean {
    return typeof name === 'string' && this.byName.has(name);
  }
  /** In `({ isBot, ...rest }) => rest` the names before the rest are read in order to leave them out. */
  ownKeys(): string[] {
    for (const node of this.#readByName.splice(0)) noteUsed(node);
    return [...this.byName.keys()];
  }
  set(): boolean {
    return false;
  }
  getOwnPropertyDescriptor(_target: object, name: string | symbol): PropertyDescriptor | undefined {
    const field = typeof name === 'string' ? this.byName.get(name) : undefined;
    if (field === undefined) return undefined;
    this.#spreading = name as string;
    return { value: columnNode(field, false), enumerable: true, configurable: true, writable: false };
  }
}
const refusePrimitive = (): never => {
  throw coerced('The row');
};

export const columnNode = (field: Field, watched: boolean): ColumnNode => new ColumnNode(columnOf(field), watched);
