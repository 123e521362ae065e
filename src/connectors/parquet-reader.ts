import { open, type FileHandle } from 'node:fs/promises';
import { MillraceError } from '../errors.js';
import type { Field, Fields } from '../plan/types.js';
import { loadDecompressors, loadReader, type ColumnMetaData, type FileMetaData, type Hyparquet, type RowGroup, type SchemaElement } from './parquet-packages.js';
import { decodeChunk, type ChunkValues } from './parquet-pages.js';
import { chunkFromArray, ColumnConverter, parquetType } from './parquet-types.js';
import type { ColumnValues, SourceContext, SourceItem, SourceReader } from './source.js';

/** Physical types that `decodeChunk` knows. */
const FAST_TYPES = new Set(['BOOLEAN', 'INT32', 'INT64', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY']);

/** An open Parquet file. */
export class ParquetFile {
  private constructor(
    readonly path: string, readonly name: string, readonly handle: FileHandle, readonly hyparquet: Hyparquet, readonly metadata: FileMetaData, readonly bytes: number,
  ) {}

  static async open(path: string, name: string): Promise<ParquetFile> {
    const hyparquet = await loadReader();
    const handle = await open(path, 'r').catch((cause: Error) => {
      throw new MillraceError('SOURCE_FAILED', `${name}: cannot open ${path}: ${cause.message}`, { cause });
    });
    try {
      const { size } = await handle.stat();
      const file = { byteLength: size, slice: (start: number, end?: number) => readRange(handle, start, end ?? size).then(bytes => bytes.buffer as ArrayBuffer) };
      return new ParquetFile(path, name, handle, hyparquet, await hyparquet.parquetMetadataAsync(file, { geoparquet: false }), size);
    } catch (cause) {
      await handle.close();
      throw new MillraceError('BAD_FILE', `${name}: not a Parquet file that can be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }

  /** The top-level columns, those that are groups too. */
  get elements(): SchemaElement[] {
    const elements: SchemaElement[] = [];
    const { schema } = this.metadata;
    for (let i = 1; i < schema.length;) {
      elements.push(schema[i]!);
      // Skips all that is below: a group's children follow it, and theirs them.
      for (let open = 1; open > 0; i++, open--) open += schema[i]!.num_children ?? 0;
    }
    return elements;
  }

  element(field: Field): SchemaElement {
    const found = this.elements.find(element => element.name === field.name);
    if (found === undefined) {
      throw new MillraceError('BAD_FILE', `${this.name}: has no column "${field.name}"; it has ${this.elements.map(({ name }) => `"${name}"`).join(', ')}`);
    }
    return found;
  }

  get fields(): Fields {
    return this.elements.map(element => {
      const type = parquetType(element);
      if (type === null) throw new MillraceError('BAD_FILE', `${this.name}: column "${element.name}" has a type that cannot be read`);
      return { name: element.name, type, nullable: element.repetition_type !== 'REQUIRED' };
    });
  }
}

async function readRange(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${start + done}, within its data`);
    done += bytesRead;
  }
  return bytes;
}

/** Reads row groups one after another, and gives them out in slices. */
export class ParquetReader implements SourceReader {
  readonly #file: ParquetFile;
  readonly #context: SourceContext;
  readonly #converters: readonly ColumnConverter[];
  readonly #decompressors: Awaited<ReturnType<typeof loadDecompressors>>;
  #group = 0;
  #columns: readonly ColumnValues[] = [];
  #row = 0;
  #rows = 0;
  #done = 0;

  private constructor(file: ParquetFile, context: SourceContext, decompressors: Awaited<ReturnType<typeof loadDecompressors>>) {
    this.#file = file;
    this.#context = context;
    this.#decompressors = decompressors;
    this.#converters = context.schema.map(field => new ColumnConverter(file.name, field, file.element(field)));
  }

  static async start(file: ParquetFile, context: SourceContext): Promise<ParquetReader> {
    const codecs = new Set(file.metadata.row_groups.flatMap(group => group.columns.map(column => column.meta_data?.codec ?? 'UNCOMPRESSED')));
    return new ParquetReader(file, context, await loadDecompressors(codecs));
  }

  async next(): Promise<SourceItem | null> {
    while (this.#row >= this.#rows) {
      const group = this.#file.metadata.row_groups[this.#group];
      if (group === undefined) return null;
      await this.#readGroup(group);
      this.#group++;
    }
    const rows = Math.min(this.#context.batchRows, this.#rows - this.#row);
    const columns = this.#columns.map(column => slice(column, this.#row, this.#row + rows));
    this.#row += rows;
    this.#done += rows;
    return { kind: 'columns', rows, columns };
  }

  async #readGroup(group: RowGroup): Promise<void> {
    const columns: ColumnValues[] = [];
    for (const converter of this.#converters) {
      const meta = group.columns.find(column => column.meta_data?.path_in_schema[0] === converter.field.name)?.meta_data;
      try {
        if (meta === undefined) throw new Error('a row group lacks it');
        columns.push(converter.convert(await this.#readChunk(meta, converter.element, Number(group.num_rows))));
      } catch (cause) {
        if (cause instanceof MillraceError) throw cause;
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new MillraceError('BAD_FILE', `${this.#file.name}: column "${converter.field.name}" of row group ${this.#group}: ${why}`, { cause });
      }
    }
    this.#columns = columns;
    this.#row = 0;
    this.#rows = Number(group.num_rows);
  }

  async #readChunk(meta: ColumnMetaData, element: SchemaElement, rows: number): Promise<ChunkValues> {
    const decompress = this.#decompressors[meta.codec];
    if (FAST_TYPES.has(meta.type) && (decompress !== undefined || meta.codec === 'UNCOMPRESSED')) {
      const dictionary = Number(meta.dictionary_page_offset ?? 0);
      const start = dictionary > 0 ? Math.min(dictionary, Number(meta.data_page_offset)) : Number(meta.data_page_offset);
      const bytes = await readRange(this.#file.handle, start, start + Number(meta.total_compressed_size));
      const info = { type: meta.type, codec: meta.codec, rows, nullable: element.repetition_type !== 'REQUIRED', decompress: decompress! };
      const values = decodeChunk(bytes, info);
      if (values !== null) return values;
    }
    return this.#readSlowly(element, rows);
  }

  /** By hyparquet, with all meaning taken from the type, so that values come as they are stored. */
  async #readSlowly(element: SchemaElement, rows: number): Promise<ChunkValues> {
    const { metadata, hyparquet, handle, bytes } = this.#file;
    const schema = metadata.schema.map(({ converted_type: _, logical_type: __, ...rest }) => rest);
    const file = { byteLength: bytes, slice: (start: number, end?: number) => readRange(handle, start, end ?? bytes).then(range => range.buffer as ArrayBuffer) };
    const rowStart = metadata.row_groups.slice(0, this.#group).reduce((sum, group) => sum + Number(group.num_rows), 0);
    const values: unknown[] = [];
    await hyparquet.parquetRead({
      file, metadata: { ...metadata, schema }, columns: [element.name], rowStart, rowEnd: rowStart + rows, utf8: false, compressors: this.#decompressors,
      onChunk: ({ columnData, rowStart: first }) => { for (let i = 0; i < columnData.length; i++) values[first - rowStart + i] = columnData[i]; },
    });
    return chunkFromArray(element, values.slice(0, rows));
  }

  progress(): { done: number; total: number | null; unit: 'rows' } {
    return { done: this.#done, total: Number(this.#file.metadata.num_rows), unit: 'rows' };
  }

  close(): Promise<void> { return this.#file.handle.close(); }
}

function slice(column: ColumnValues, from: number, to: number): ColumnValues {
  const valid = column.valid?.subarray(from, to) ?? null;
  if (column.kind === 'text') return { kind: 'text', offsets: column.offsets.subarray(from, to + 1), bytes: column.bytes, valid };
  return { kind: 'fixed', values: column.values.subarray(from, to), valid };
}
