import { BadLine, FloatFix, TextColumn, TextKind, TextState } from '../../native-free-kernels/text-layout.js';
import type { TextKernels } from '../../native-free-kernels/text.js';
import type { TextFormat } from '../connectors/source.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import { besideBytes, joinLines, putBeside, recordCount } from './text-records.js';
import { textComplaint, type TextComplaint } from './text-errors.js';
import { columnRecord, writeTextState } from './text-plan.js';
import { blockBytes, fillBlock, placeStaging, stagedColumn, stagingBytes } from './text-staging.js';

export interface BadTextLine extends TextComplaint {
  /** 0-based among the lines of the item that are not blank. */
  readonly line: number;
  /** Where it is, without its line end, in the text given. */
  readonly address: number;
  readonly length: number;
}

export interface DecodedText {
  /** A batch block: the descriptor, and behind it in the same allocation all columns; to be freed by this address. */
  readonly descriptor: number;
  readonly rows: number;
  readonly bad: readonly BadTextLine[];
  /** Lines that are not blank: good and bad rows. */
  readonly lines: number;
  /** Address, in the block, of the u32 line number of each row; 0 when no line is bad, and row numbers are line numbers. */
  readonly positions: number;
}

/** Kernels read up to this far past the end of the text. */
const READ_AHEAD = 64;

/**
 * Decodes items of text, in the heap, into batches in the heap, in a worker. Values are what `docs/semantics.md` says; a line that is
 * malformed or does not fit the columns becomes no row but a complaint. If the allocator throws, nothing has happened.
 */
export class TextDecoderStage {
  /** The columns that are in the text, and those beside it; and which columns of the batch they are. */
  readonly #fields: Fields;
  readonly #places: readonly number[];
  readonly #beside: Fields;
  readonly #besidePlaces: readonly number[];
  readonly #width: number;
  readonly #heap: Heap;
  readonly #kernels: TextKernels;
  readonly #allocator: Allocator;
  readonly #state: number;
  readonly #decodeLines: (state: number) => void;
  /** An empty line is nothing, but in CSV of one column it is a null. */
  readonly #skipsEmpty: boolean;

  constructor(options: { fields: Fields; format: TextFormat; heap: Heap; kernels: TextKernels; allocator: Allocator }) {
    const { fields, format, heap, kernels, allocator } = options;
    const beside = new Set(format.kind === 'json' ? format.beside ?? [] : []);
    const placesOf = (isBeside: boolean): number[] => fields.flatMap(({ name }, place) => (beside.has(name) === isBeside ? [place] : []));
    this.#places = placesOf(false);
    this.#besidePlaces = placesOf(true);
    this.#fields = this.#places.map(place => fields[place]!);
    this.#beside = this.#besidePlaces.map(place => fields[place]!);
    this.#width = fields.length;
    this.#heap = heap;
    this.#kernels = kernels;
    this.#allocator = allocator;
    this.#state = writeTextState(heap, allocator, this.#fields, format.kind === 'csv' ? format.columns : []);
    if (format.kind === 'csv') heap.u32[(this.#state + TextState.delimiter) >>> 2] = format.delimiter.charCodeAt(0);
    this.#skipsEmpty = format.kind !== 'csv' || format.columns.length !== 1;
    this.#decodeLines = format.kind === 'csv' ? kernels.decodeCsv : kernels.decodeJson;
  }

  /** Gives back what the stage itself holds; batches stay. */
  close(): void {
    this.#allocator.free(this.#state);
  }

  /** `records`: what is known of the records of the text, see text-records.ts; 0: nothing. */
  decode(address: number, byteLength: number, records = 0): DecodedText {
    const { u8 } = this.#heap;
    if (records !== 0 && this.#kernels.countLines(address, byteLength, 0) !== recordCount(this.#heap, records)) joinLines(this.#heap, address, records);
    const lines = this.#kernels.countLines(address, byteLength, this.#skipsEmpty ? 1 : 0) + 1;
    const bytes = stagingBytes(this.#heap, this.#state, lines);
    const mustCopy = (byteLength > 0 && u8[address + byteLength - 1] !== 10) || address + byteLength + READ_AHEAD > u8.length;
    const staging = this.#allocator.allocate(bytes + READ_AHEAD + (mustCopy ? byteLength + 1 + READ_AHEAD : 0));
    try {
      let text = address;
      let end = address + byteLength;
      if (mustCopy) {
        text = staging + bytes;
        u8.copyWithin(text, address, end);
        u8[text + byteLength] = 10;
        end = text + byteLength + 1;
      }
      placeStaging(this.#heap, this.#state, lines, staging);
      const bad = this.#walk(text, end, address - text);
      return this.#assemble(bad, records);
    } finally {
      this.#allocator.free(staging);
    }
  }

  /** Lets the kernel walk the text, emptying its lists whenever it comes back. */
  #walk(text: number, end: number, shift: number): BadTextLine[] {
    const { u32 } = this.#heap;
    const cursor = (this.#state + TextState.cursor) >>> 2;
    const bad: BadTextLine[] = [];
    u32[cursor] = text;
    u32[(this.#state + TextState.end) >>> 2] = end;
    while (u32[cursor]! < end) {
      this.#decodeLines(this.#state);
      this.#takeBadLines(bad, shift);
      this.#fixFloats();
    }
    return bad;
  }

  #takeBadLines(bad: BadTextLine[], shift: number): void {
    const { u8, u32 } = this.#heap;
    const count = u32[(this.#state + TextState.badCount) >>> 2]!;
    const list = u32[(this.#state + TextState.badList) >>> 2]!;
    for (let i = 0; i < count; i++) {
      const word = (list + i * BadLine.bytes) >>> 2;
      const address = u32[word + BadLine.address / 4]!;
      const at = u32[word + BadLine.at / 4]!;
      let length = u32[word + BadLine.length / 4]!;
      if (length > 0 && u8[address + length - 1] === 13) length--;
      const error = u32[word + BadLine.error / 4]!;
      const complaint = textComplaint(this.#fields, error, u32[word + BadLine.column / 4]!, u8[at]!, at - address);
      bad.push({ line: u32[word + BadLine.line / 4]!, address: address + shift, length, ...complaint });
    }
    u32[(this.#state + TextState.badCount) >>> 2] = 0;
  }

  /** Reads the floats whose rounding takes more than one operation on doubles. */
  #fixFloats(): void {
    const { u8, u32, f32, f64 } = this.#heap;
    const count = u32[(this.#state + TextState.fixCount) >>> 2]!;
    const list = u32[(this.#state + TextState.fixList) >>> 2]!;
    for (let i = 0; i < count; i++) {
      const word = (list + i * FloatFix.bytes) >>> 2;
      const address = u32[word + FloatFix.address / 4]!;
      const value = Number(Buffer.from(u8.buffer, address, u32[word + FloatFix.length / 4]!).toString('latin1'));
      const row = u32[word + FloatFix.row / 4]!;
      const record = columnRecord(this.#state, u32[word + FloatFix.column / 4]!) >>> 2;
      const values = u32[record + TextColumn.values / 4]!;
      if (u32[record + TextColumn.kind / 4] === TextKind.float32) f32[(values >>> 2) + row] = value;
      else f64[(values >>> 3) + row] = value;
    }
    u32[(this.#state + TextState.fixCount) >>> 2] = 0;
  }

  #assemble(bad: readonly BadTextLine[], records: number): DecodedText {
    const heap = this.#heap;
    const rows = heap.u32[(this.#state + TextState.row) >>> 2]!;
    const lineNumbers = bad.length === 0 ? 0 : heap.u32[(this.#state + TextState.lineNumbers) >>> 2]!;
    const columns = this.#fields.map((_, column) => stagedColumn(heap, this.#state, column));
    const textLengths = columns.map(column => (column.text ? this.#kernels.textBytes(rows, column.values) : 0));
    const bytes = blockBytes(columns, this.#width, textLengths, rows, lineNumbers !== 0);
    const block = this.#allocator.allocate(bytes + (records === 0 ? 0 : besideBytes(heap, records)));
    const positions = fillBlock(heap, block, columns, this.#places, this.#width, textLengths, rows, lineNumbers, this.#kernels.gatherText);
    if (this.#beside.length > 0) putBeside(heap, records, this.#beside, block + bytes, bad.map(({ line }) => line), block, this.#besidePlaces);
    return { descriptor: block, rows, bad, lines: heap.u32[(this.#state + TextState.line) >>> 2]!, positions };
  }
}
