import { CHUNK_ROWS, DictionaryWord } from '../batch/layout.js';
import type { DataType } from '../plan/types.js';
import { Arena } from './arena.js';
import { CodeTable } from './code-table.js';
import { Chunk, Frame, type ChunkColumn, type Fault, type Tools } from './frame.js';
import { Lookup } from './lookup.js';
import { asBytes, expand, type Node } from './node.js';
import { WIDTH, type Operand } from './operand.js';
import type { SourceColumn } from './source-column.js';
import { TextDictionary } from './text-dictionary.js';

const MOST_CODES = { int8: 1 << 7, int16: 1 << 15, int32: 0x7fff_ffff } as const;

/**
 * An expression whose only column is one dictionary column: evaluated once per value of the dictionary (and once for null), then
 * applied to rows by their code. As the dictionary grows, only its new values are evaluated.
 */
export class Lift implements Node {
  #table: CodeTable | null = null;
  #dictionaryId = 0;
  #covered = 0;
  /** For text and binary: the distinct results, but for those of a lookup, which have a dictionary of their own. */
  #results: TextDictionary | null = null;
  /** By code, -1 for null. */
  readonly #faults = new Map<number, Fault>();
  #faultBytes: CodeTable | null = null;
  /** Codes whose result is true, for class `bool`. */
  trueCodes = 0;
  lastTrueCode = -1;
  trueForNull = false;
  readonly #scratch: Arena;
  readonly #isLookup: boolean;

  constructor(readonly tools: Tools, readonly inner: Node, readonly column: SourceColumn) {
    this.#isLookup = inner instanceof Lookup;
    this.#scratch = new Arena(tools.arena.allocator);
  }
  get type(): DataType { return this.inner.type; }
  get faults(): boolean { return this.#faults.size > 0; }
  get covered(): number { return this.#covered; }

  evaluate(frame: Frame): Operand {
    return frame.recall(this) ?? frame.remember(this, this.#apply(frame));
  }
  #apply(frame: Frame): Operand {
    const column = frame.chunk.columns[this.column.index]!;
    const table = this.tableFor(column.dictionary);
    let { selection } = frame, codes = column.values, width = column.codeWidth;
    if (column.validity !== 0) {
      codes = frame.take(frame.rows * 4);
      frame.kernels.loadCodes(width, frame.rows, selection, column.values, column.validity, -1, codes);
      selection = 0;
      width = 4;
    }
    if (this.faults) this.#markFaults(frame, width, selection, codes);
    const result = table.map(frame, width, selection, codes, column.validity !== 0);
    // more results than the declared index can tell apart: whoever stores them must say so
    return this.#results !== null && this.type.kind === 'dictionary' && this.#results.size > MOST_CODES[this.type.index] ? asBytes(frame, result) : result;
  }

  /** Results for (at least) all codes of a dictionary block. */
  tableFor(dictionary: number): CodeTable {
    const { u32 } = this.tools.heap, block = dictionary >>> 2;
    const count = u32[block + DictionaryWord.count]!, id = u32[block + DictionaryWord.id]!;
    if (this.#table === null || id !== this.#dictionaryId) this.#start(id, dictionary);
    if (count > this.#covered) this.#cover(count, dictionary);
    return this.#table!;
  }

  #start(id: number, dictionary: number): void {
    this.#clear();
    this.#dictionaryId = id;
    const { zeros } = this.tools;
    this.#put(-1, 1, { values: zeros, validity: zeros, offsets: 0, dictionary, codeWidth: 4 });
  }
  #cover(count: number, dictionary: number): void {
    for (let code = this.#covered; code < count; code += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, count - code);
      const values = this.#scratch.take(rows * 4);
      this.tools.kernels.iota(rows, code, values);
      this.#put(code, rows, { values, validity: 0, offsets: 0, dictionary, codeWidth: 4 });
      this.#covered = code + rows;
    }
  }

  /** Evaluates for `rows` codes from `first` on. */
  #put(first: number, rows: number, column: ChunkColumn): void {
    const columns: ChunkColumn[] = [];
    columns[this.column.index] = column;
    const chunk = new Chunk(this.tools, this.#scratch, columns);
    const frame = new Frame(chunk, rows, 0);
    let result = expand(frame, this.inner.evaluate(frame));
    if (result.cls === 'bytes' || (result.cls === 'code' && !this.#isLookup)) result = this.#inDictionary(frame, result);
    const table = this.#table ??= new CodeTable(this.tools, result.cls);
    table.dictionary = result.dictionary;
    table.reserve(first + rows);
    const { u8 } = this.tools.heap, width = WIDTH[result.cls];
    u8.copyWithin(table.data + first * width, result.data, result.data + rows * width);
    if (result.valid === 0) u8.fill(1, table.valid + first, table.valid + first + rows);
    else u8.copyWithin(table.valid + first, result.valid, result.valid + rows);
    if (first >= 0) table.hasNulls ||= result.valid !== 0 && u8.subarray(table.valid + first, table.valid + first + rows).includes(0);
    else table.noneIsNull = u8[table.valid - 1] === 0;
    for (const [row, fault] of chunk.faults) this.#faults.set(first + row, fault);
    if (chunk.faults.size > 0 || this.#faultBytes !== null) this.#coverFaults(first + rows);
    if (result.cls === 'bool') this.#countTrue(table, first, rows);
    this.#scratch.reset();
  }

  /** Text results as codes of a dictionary of ours. */
  #inDictionary(frame: Frame, result: Operand): Operand {
    const { heap, arena } = this.tools;
    const dictionary = this.#results ??= new TextDictionary(heap, arena.allocator);
    const texts = asBytes(frame, result);
    const codes = frame.take(frame.rows * 4);
    for (let row = 0; row < frame.rows; row++) {
      const at = (texts.data >>> 2) + row * 2;
      const isNull = texts.valid !== 0 && heap.u8[texts.valid + row] === 0;
      heap.i32[(codes >>> 2) + row] = isNull ? 0 : dictionary.intern(heap.u32[at]!, heap.u32[at + 1]!);
    }
    return { cls: 'code', data: codes, valid: texts.valid, dictionary: dictionary.block, constant: false };
  }

  /** Null counts as false, so that the table alone decides a filter. */
  #countTrue(table: CodeTable, first: number, rows: number): void {
    const { u8 } = this.tools.heap;
    for (let code = first; code < first + rows; code++) {
      u8[table.data + code]! &= u8[table.valid + code]!;
      if (u8[table.data + code] === 0) continue;
      if (code < 0) this.trueForNull = true;
      else { this.trueCodes++; this.lastTrueCode = code; }
    }
  }

  #coverFaults(count: number): void {
    const bytes = this.#faultBytes ??= new CodeTable(this.tools, 'bool');
    bytes.reserve(count);
    for (let code = -1; code < count; code++) this.tools.heap.u8[bytes.data + code] = this.#faults.has(code) ? 1 : 0;
  }
  #markFaults(frame: Frame, width: number, selection: number, codes: number): void {
    const marks = this.#faultBytes!.map(frame, width, selection, codes, false).data;
    const { heap } = this.tools;
    for (let element = 0; element < frame.rows; element++) {
      if (heap.u8[marks + element] === 0) continue;
      const row = selection === 0 ? element : heap.u32[(selection >>> 2) + element]!;
      const code = width === 1 ? heap.i8[codes + row]! : width === 2 ? heap.i16[(codes >>> 1) + row]! : heap.i32[(codes >>> 2) + row]!;
      const fault = this.#faults.get(code)!;
      frame.fault(element, fault.code, fault.detail);
    }
  }

  #clear(): void {
    this.#table?.free();
    this.#table = null;
    this.#faultBytes?.free();
    this.#faultBytes = null;
    this.#results?.free();
    this.#results = null;
    this.#faults.clear();
    this.#covered = this.trueCodes = 0;
    this.lastTrueCode = -1;
    this.trueForNull = false;
  }
  free(): void {
    this.#clear();
    this.#scratch.free();
  }
}
