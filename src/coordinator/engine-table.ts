import type { Kernels } from '../../native-free-kernels/load.js';
import { BatchBuilder } from '../batch/batch-builder.js';
import { DictionaryBuilder } from '../batch/dictionary-builder.js';
import type { NumericArray } from '../batch/storage.js';
import { heapTable } from '../connectors/heap-table.js';
import type { Source } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';

/** Values of one column of a batch: as `BatchBuilder.column` gives them, or texts with their offsets (rows + 1, from 0). */
export type ColumnValues = NumericArray | { readonly offsets: Int32Array; readonly bytes: Uint8Array };

/** A table in an engine's heap. Its batches stay until `free`, or until the engine is closed. */
export class EngineTable {
  private readonly dictionaries = new Map<string, DictionaryBuilder>();
  private readonly descriptors: number[] = [];
  private readonly name: string;

  constructor(
    private readonly heap: Heap,
    private readonly allocator: Allocator,
    private readonly kernels: Kernels,
    private readonly fields: Fields,
    options: { readonly dictionaries?: Readonly<Record<string, readonly string[]>>; readonly name?: string },
  ) {
    this.name = options.name ?? 'engine table';
    for (const { name, type } of fields) {
      if (type.kind !== 'dictionary') continue;
      const texts = options.dictionaries?.[name];
      if (!texts) throw new MillraceError('BAD_OPTION', `column '${name}' is a dictionary: give its texts in 'dictionaries'`);
      this.dictionaries.set(name, new DictionaryBuilder(heap, allocator, type.index, name).addAll(texts));
    }
  }

  /** A batch of `rows` rows to be filled in place; give it to `add` when it is full. About 65,536 rows are a good size. */
  batch(rows: number): BatchBuilder {
    const builder = new BatchBuilder(this.fields, rows, this.heap, this.allocator, this.kernels);
    for (const [name, dictionary] of this.dictionaries) builder.dictionary(name, dictionary);
    return builder;
  }

  add(batch: BatchBuilder): this {
    this.descriptors.push(batch.finish());
    return this;
  }

  /** Copies the columns of `rows` rows into a batch of the table. */
  append(rows: number, columns: Readonly<Record<string, ColumnValues>>): this {
    const batch = this.batch(rows);
    for (const { name } of this.fields) {
      const values = columns[name];
      if (values === undefined) throw new MillraceError('UNKNOWN_COLUMN', `column '${name}' is missing from the batch`);
      if ('offsets' in values) batch.bytes(name, values.offsets, values.bytes);
      else batch.column(name).set(values as never);
    }
    return this.add(batch);
  }

  /** A source over what the table has now. */
  source(): Source {
    return heapTable({ fields: this.fields, descriptors: [...this.descriptors], heap: this.heap }, { name: this.name });
  }

  /** Gives the memory back. REQUIRES: no job reads the table. */
  free(): void {
    for (const descriptor of this.descriptors.splice(0)) this.allocator.free(descriptor);
    for (const dictionary of this.dictionaries.values()) dictionary.close();
    this.dictionaries.clear();
  }
}
