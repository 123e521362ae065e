import { bytesInHeap, putColumns } from '../batch/columns-to-heap.js';
import { encode } from '../batch/text-codec.js';
import { recordsBytes, writeRecords } from '../batch/text-records.js';
import type { SourceRows, TextFormat, TextRecords } from '../connectors/source.js';
import type { Heap } from '../heap/heap.js';
import { PageUse, type PageAllocator } from '../heap/page-allocator.js';
import type { Fields } from '../plan/types.js';
import { MorselKind, type Morsel } from '../worker/morsel.js';

const aligned = (bytes: number): number => (bytes + 63) & ~63;
/** Kernels read up to this far past the end of text. */
const READ_AHEAD = 64;

/** Copies text of one source to the heap, for a worker to decode. What is known of its records lies behind it, in the same block. */
export class TextIngest {
  private format = 0;
  /** The columns that are not in the text. */
  private beside: Fields = [];

  constructor(
    private readonly heap: Heap,
    private readonly pages: PageAllocator,
    private readonly fields: Fields,
  ) {}

  fill(morsel: Morsel, { bytes, format, records }: SourceRows & { kind: 'text' }): void {
    if (this.format === 0) this.noteFormat(format);
    const textBytes = aligned(bytes.length + READ_AHEAD);
    const address = this.pages.allocate(textBytes + (records === undefined ? 0 : this.recordBytes(records)), PageUse.batch);
    this.heap.u8.set(bytes, address);
    morsel.textRecords = records === undefined ? 0 : this.putRecords(address + textBytes, records);
    morsel.kind = MorselKind.text;
    morsel.textAddress = address;
    morsel.textBytes = bytes.length;
    morsel.textFormat = this.format;
  }

  private noteFormat(format: TextFormat): void {
    const json = encode(JSON.stringify(format));
    this.format = this.pages.allocate(json.length + 4, PageUse.scratch);
    this.heap.u32[this.format >>> 2] = json.length;
    this.heap.u8.set(json, this.format + 4);
    const names = new Set(format.kind === 'json' ? format.beside ?? [] : []);
    this.beside = this.fields.filter(({ name }) => names.has(name));
  }

  private recordBytes({ ends, columns }: TextRecords): number {
    return aligned(recordsBytes(ends.length)) + (columns.length === 0 ? 0 : bytesInHeap(this.beside, columns, ends.length));
  }
  private putRecords(at: number, { ends, columns }: TextRecords): number {
    const beside = at + aligned(recordsBytes(ends.length));
    if (columns.length > 0) putColumns(this.heap, beside, this.beside, columns, ends.length);
    writeRecords(this.heap, at, ends, beside, columns.length === 0 ? 0 : bytesInHeap(this.beside, columns, ends.length));
    return at;
  }
}
