import type { LookupExpression, StaticTable } from '../plan/expression-tree.js';
import type { DataType, Field } from '../plan/types.js';
import { CodeTable } from './code-table.js';
import type { Frame, Tools } from './frame.js';
import { KeyIndex } from './key-index.js';
import { rawOfJson, writeRaw, type JsonValue } from './literal.js';
import { nullConstant, type Node } from './node.js';
import { classOf, isNullConstant, isText, WIDTH, type Operand } from './operand.js';
import { TextDictionary } from './text-dictionary.js';

/**
 * A static table in the heap: keys hashed once, a table of values per column asked for. Text values are in a dictionary per column,
 * in the order of the rows: every thread and branch gives a value the same code, and aggregates count on that.
 */
export class LoadedTable {
  readonly index: KeyIndex;
  readonly #columns = new Map<string, CodeTable>();
  readonly #dictionaries: TextDictionary[] = [];

  constructor(readonly tools: Tools, readonly table: StaticTable) {
    this.index = new KeyIndex(tools, table.key.type, table.keys);
  }

  column(name: string): CodeTable {
    let column = this.#columns.get(name);
    if (column === undefined) this.#columns.set(name, column = this.#load(name));
    return column;
  }

  #load(name: string): CodeTable {
    if (name === this.table.key.name) return this.#fill(this.table.key, this.table.keys);
    const at = this.table.columns.findIndex(field => field.name === name);
    if (at < 0) throw new TypeError(`a static table has no column ${name}`);
    return this.#fill(this.table.columns[at]!, this.table.values[at]!);
  }

  #fill(field: Field, values: readonly (JsonValue | null)[]): CodeTable {
    const { heap, arena } = this.tools;
    const cls = isText(field.type) ? 'code' : classOf(field.type);
    let dictionary: TextDictionary | undefined;
    if (cls === 'code') this.#dictionaries.push(dictionary = new TextDictionary(heap, arena.allocator));
    const table = new CodeTable(this.tools, cls);
    table.hasNulls = values.includes(null);
    table.reserve(this.index.count);
    const width = WIDTH[cls];
    const put = (entry: number, value: JsonValue | null): void => {
      heap.u8[table.valid + entry] = value === null ? 0 : 1;
      heap.u8.fill(0, table.data + entry * width, table.data + (entry + 1) * width);
      if (value === null) return;
      const raw = rawOfJson(field.type, value);
      if (dictionary === undefined) writeRaw(this.tools, raw, table.data + entry * width, bytes => arena.take(bytes));
      else heap.i32[(table.data >>> 2) + entry] = internBytes(this.tools, dictionary, raw as Uint8Array);
    };
    put(-1, null);
    this.index.numbers.forEach((entry, at) => put(entry, values[at] ?? null));
    table.dictionary = dictionary?.block ?? 0;
    return table;
  }

  free(): void {
    for (const column of this.#columns.values()) column.free();
    for (const dictionary of this.#dictionaries) dictionary.free();
  }
}
function internBytes({ heap, arena }: Tools, dictionary: TextDictionary, bytes: Uint8Array): number {
  const address = arena.take(bytes.length);
  heap.u8.set(bytes, address);
  return dictionary.intern(address, bytes.length);
}

/** `lookup(arg, table).column`. */
export class Lookup implements Node {
  readonly #values: CodeTable;
  constructor(readonly expression: LookupExpression, readonly arg: Node, readonly table: LoadedTable) {
    this.#values = table.column(expression.column);
  }
  get type(): DataType { return this.expression.type; }
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (isNullConstant(arg)) return { ...nullConstant(frame.tools, 'i64'), cls: this.#values.cls, dictionary: this.#values.dictionary };
    const numbers = this.table.index.probe(frame, arg);
    if (arg.constant) return this.#values.mapOne(frame, numbers);
    if (arg.valid !== 0) hideNulls(frame, numbers, arg.valid);
    return this.#values.map(frame, 4, 0, numbers, true);
  }
}
/** A null key finds nothing. */
function hideNulls(frame: Frame, numbers: number, valid: number): void {
  const absent = frame.take(frame.rows * 4);
  const { kernels, rows, tools } = frame;
  const count = kernels.selectBytes(rows, valid, 0, 0, tools.steps, absent);
  if (count === 0) return;
  const none = frame.take(4);
  tools.heap.i32[none >>> 2] = -1;
  kernels.scatter32(count, absent, none, 0, numbers);
}
