import { isDeepStrictEqual } from 'node:util';
import type { Kernels } from '../../native-free-kernels/load.js';
import type { RecordBatch } from 'apache-arrow';
import { ArrowReader } from '../batch/arrow-reader.js';
import { arrowSharedBuffers } from '../batch/arrow-shared.js';
import type { SharedBatch, SharedMorsel } from '../batch/shared-batch.js';
import { columnsToHeap } from '../batch/columns-to-heap.js';
import type { DictionaryBuilder } from '../batch/dictionary-builder.js';
import { dictionariesFor, RowBuilder } from '../batch/row-builder.js';
import { encode } from '../batch/text-codec.js';
import { COLUMN_WORDS, columnWord, descriptorBytes } from '../batch/layout.js';
import { MillraceError } from '../errors.js';
import type { SourceRows } from '../connectors/source.js';
import type { Heap } from '../heap/heap.js';
import { PageUse, type PageAllocator } from '../heap/page-allocator.js';
import type { Fields } from '../plan/types.js';
import { MorselKind, type Morsel } from '../worker/morsel.js';
import { rowText, type Reject } from '../worker/rejects.js';
import { TextIngest } from './text-ingest.js';

/** Turns the items of one source into morsels: rows and Arrow batches are written to the heap here, text is copied for a worker to decode. */
export class Ingest {
  private readonly dictionaries: readonly (DictionaryBuilder | null)[];
  private readonly rowBuilder: RowBuilder;
  private readonly arrowReader: ArrowReader;
  private readonly text: TextIngest;
  private heapPlaces: readonly number[] | null = null;
  /** Whether batches in the heap have the columns that are wanted, and no others. */
  private asWanted = false;

  constructor(
    private readonly heap: Heap,
    private readonly pages: PageAllocator,
    kernels: Kernels,
    private readonly fields: Fields,
    private readonly sharedBuffers: readonly SharedArrayBuffer[],
  ) {
    const batches = pages.for(PageUse.batch);
    this.dictionaries = dictionariesFor(fields, heap, pages.for(PageUse.scratch));
    this.rowBuilder = new RowBuilder(fields, heap, batches, this.dictionaries);
    this.text = new TextIngest(heap, pages, fields);
    this.arrowReader = new ArrowReader(heap, kernels, batches, fields, this.dictionaries);
  }

  /** Fills a morsel from an item. Returns the rows that did not make it into the batch. */
  fill(morsel: Morsel, item: SourceRows): Reject[] {
    switch (item.kind) {
      case 'heap':
        this.fillHeap(morsel, item);
        return [];
      case 'text':
        this.text.fill(morsel, item);
        return this.leftOut(morsel, item);
      case 'columns':
        this.own(morsel, columnsToHeap(this.heap, this.pages.for(PageUse.batch), this.fields, item.columns, item.rows), item.rows, []);
        return this.leftOut(morsel, item);
      case 'rows': {
        const rejects = this.fillRows(morsel, item.rows);
        return [...rejects, ...this.leftOut(morsel, item)];
      }
      case 'arrow': return this.fillArrow(morsel, item);
    }
  }

  /** A descriptor of the columns wanted over the same memory; that of the batch itself where it has just those. */
  private fillHeap(morsel: Morsel, { descriptor, fields, heap: home }: SourceRows & { kind: 'heap' }): void {
    const { heap } = this;
    if (home !== undefined && home !== heap) throw new MillraceError('BAD_OPTION', `the heap table lies in another engine's heap: run the job on the one that made it, with the option 'engine'`);
    const places = this.heapPlaces ?? this.placesIn(fields);
    morsel.kind = MorselKind.batch;
    morsel.rows = BigInt(heap.u32[descriptor >>> 2]!);
    morsel.descriptor = descriptor;
    if (this.asWanted) return;
    morsel.owned = 1;
    morsel.descriptor = this.pages.allocate(descriptorBytes(places.length), PageUse.batch);
    heap.u32.set([heap.u32[descriptor >>> 2]!, places.length], morsel.descriptor >>> 2);
    places.forEach((place, column) => {
      const from = columnWord(descriptor, place);
      heap.u32.copyWithin(columnWord(morsel.descriptor, column), from, from + COLUMN_WORDS);
    });
  }

  private placesIn(fields: Fields): readonly number[] {
    const places = (this.heapPlaces = placesOf(this.fields, fields));
    this.asWanted = places.length === fields.length && places.every((place, column) => place === column);
    return places;
  }

  /** Rows that the source has left out are read, too. */
  private leftOut(morsel: Morsel, { bad = [] }: SourceRows): Reject[] {
    morsel.rows += BigInt(bad.length);
    morsel.deadLettered += bad.length;
    return bad.map(({ position, reason, message, row }, index) => ({ position: index, at: position, reason, message, row }));
  }

  private fillRows(morsel: Morsel, rows: readonly unknown[]): Reject[] {
    const rejects: Reject[] = [];
    rows.forEach((row, position) => {
      const message = this.rowBuilder.append(row);
      if (message !== null) rejects.push({ position, reason: this.rowBuilder.lastReason, message, row: describeRow(row) });
    });
    this.own(morsel, this.rowBuilder.finish().descriptor, rows.length, rejects);
    return rejects;
  }

  private fillArrow(morsel: Morsel, { batch }: SourceRows & { kind: 'arrow' }): Reject[] {
    if (this.fillShared(morsel, batch)) return [];
    const { descriptor, bad } = this.arrowReader.read(batch);
    const rejects = bad.map(({ row, reason, message, text }) => ({ position: row, reason, message, row: text }));
    this.own(morsel, descriptor, batch.numRows, rejects);
    return rejects;
  }

  /** Leaves a batch on the user's own shared memory to a worker to copy, where workers know that memory. */
  private fillShared(morsel: Morsel, batch: RecordBatch): boolean {
    if (this.sharedBuffers.length === 0 || batch.numRows === 0) return false;
    const shared = arrowSharedBuffers(batch, this.fields, this.arrowReader);
    if (shared === null || !isPlain(shared)) return false;
    const places = shared.buffers.map(buffer => this.sharedBuffers.indexOf(buffer));
    if (places.includes(-1)) return false;
    const json = encode(JSON.stringify({ rows: shared.rows, places, columns: shared.columns } satisfies SharedMorsel));
    morsel.kind = MorselKind.shared;
    morsel.rows = BigInt(batch.numRows);
    morsel.textAddress = this.pages.allocate(json.length, PageUse.batch);
    morsel.textBytes = json.length;
    this.heap.u8.set(json, morsel.textAddress);
    return true;
  }

  private own(morsel: Morsel, descriptor: number, rows: number, rejects: readonly Reject[]): void {
    morsel.kind = MorselKind.batch;
    morsel.descriptor = descriptor;
    morsel.owned = 1;
    morsel.rows = BigInt(rows);
    morsel.deadLettered = rejects.length;
    morsel.linesAddress = this.lineNumbers(rows, rejects);
  }

  /** Where rows were left out: which number each row of the batch has among all. Address of u32 per row, else 0. */
  private lineNumbers(rows: number, rejects: readonly Reject[]): number {
    if (rejects.length === 0) return 0;
    const address = this.pages.allocate(rows * 4, PageUse.batch);
    const gone = new Set(rejects.map(reject => reject.position));
    for (let row = 0, at = address >>> 2; row < rows; row++) if (!gone.has(row)) this.heap.u32[at++] = row;
    return address;
  }
}

/** Whether its description is small: no dictionary has to be mapped to ours. */
const isPlain = (batch: SharedBatch): boolean => batch.columns.every(column => !column.dictionary?.remap);

/** Where each column wanted is among those there are. */
function placesOf(wanted: Fields, there: Fields): number[] {
  return wanted.map(field => {
    const place = there.findIndex(({ name }) => name === field.name);
    if (place < 0) throw new MillraceError('UNKNOWN_COLUMN', `the heap table has no column '${field.name}'; it has ${there.map(({ name }) => name).join(', ')}`);
    if (!isDeepStrictEqual(there[place]!.type, field.type)) throw new MillraceError('TYPE_MISMATCH', `column '${field.name}' of the heap table is ${JSON.stringify(there[place]!.type)}, not ${JSON.stringify(field.type)}`);
    return place;
  });
}

function describeRow(row: unknown): string {
  try {
    return typeof row === 'object' && row !== null && !Array.isArray(row) ? rowText(row as Parameters<typeof rowText>[0]) : JSON.stringify(row) ?? String(row);
  } catch {
    return String(row);
  }
}
