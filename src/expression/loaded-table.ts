import type { StaticTable } from '../plan/expression-tree.js';
import type { Field } from '../plan/types.js';
import { CodeTable, type CodeTableData } from './code-table.js';
import type { HeapTools } from './frame.js';
import { writeKeySet, type KeySet } from './key-index.js';
import { rawOfJson, writeRaw, type JsonValue } from './literal.js';
import { classOf, isText, WIDTH } from './operand.js';
import { TextDictionary } from './text-dictionary.js';

/** Where a static table lies in the heap: plain data. */
export interface StaticTableData {
  readonly keys: KeySet;
  readonly columns: Readonly<Record<string, CodeTableData>>;
}

/**
 * A static table in the heap: keys hashed once, a table of values per column asked for, read by all threads. Text values are in a
 * dictionary per column: every thread and branch gives a value the same code, and aggregates count on that.
 */
export class LoadedTable {
  readonly #keys: KeySet;
  readonly #numbers: readonly number[];
  readonly #columns = new Map<string, CodeTable>();
  readonly #dictionaries: TextDictionary[] = [];

  constructor(readonly tools: HeapTools, readonly table: StaticTable) {
    const { set, numbers } = writeKeySet(tools, table.key.type, table.keys);
    this.#keys = set;
    this.#numbers = numbers;
  }

  /** What a thread must know to look up these columns. */
  plain(columns: Iterable<string>): StaticTableData {
    return { keys: this.#keys, columns: Object.fromEntries([...columns].map(name => [name, this.#column(name).plain])) };
  }

  #column(name: string): CodeTable {
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
    table.reserve(this.#keys.count);
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
    this.#numbers.forEach((entry, at) => put(entry, values[at] ?? null));
    table.dictionary = dictionary?.block ?? 0;
    return table;
  }

  /** Gives back all of it, the arena included. REQUIRES: no batch names its dictionaries any more. */
  free(): void {
    for (const column of this.#columns.values()) column.free();
    for (const dictionary of this.#dictionaries) dictionary.free();
    this.tools.arena.free();
  }
}
function internBytes({ heap, arena }: HeapTools, dictionary: TextDictionary, bytes: Uint8Array): number {
  const address = arena.take(bytes.length);
  heap.u8.set(bytes, address);
  return dictionary.intern(address, bytes.length);
}
