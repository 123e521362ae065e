import { BadLine, FloatFix, TextColumn, TextKind, TextState } from '../../native-free-kernels/text-layout.js';
import type { Heap } from '../heap/heap.js';
import { BATCH_HEADER_WORDS, COLUMN_WORDS, ColumnWord, columnWord, descriptorBytes } from './layout.js';
import { columnRecord } from './text-plan.js';

/** Bad lines that a kernel notes before it comes back; and floats to finish, beyond those of one line. */
const BAD_CAPACITY = 256;
const FIX_CAPACITY = 1024;

const aligned = (bytes: number): number => (bytes + 63) & ~63;

/** Bytes of a column's values for so many rows; `width` 0: bits. */
export const valueBytes = (width: number, rows: number): number => (width === 0 ? (rows + 7) >>> 3 : width * rows);

export const columnField = (heap: Heap, state: number, column: number, field: number): number =>
  heap.u32[(columnRecord(state, column) + field) >>> 2]!;

/** Bytes of the working memory for at most `lines` lines. */
export function stagingBytes(heap: Heap, state: number, lines: number): number {
  const columns = heap.u32[(state + TextState.columnCount) >>> 2]!;
  let total = aligned(lines * 4) + aligned(BAD_CAPACITY * BadLine.bytes) + aligned((FIX_CAPACITY + columns) * FloatFix.bytes);
  for (let column = 0; column < columns; column++) {
    total += aligned(valueBytes(columnField(heap, state, column, TextColumn.width), lines));
    if (columnField(heap, state, column, TextColumn.nullable) !== 0) total += aligned(valueBytes(0, lines));
  }
  return total;
}

/** Makes a state block ready for one item: no rows yet, staging columns and lists in the working memory at `at`. */
export function placeStaging(heap: Heap, state: number, lines: number, at: number): void {
  const take = (bytes: number): number => {
    const address = at;
    at += aligned(bytes);
    return address;
  };
  const put = (field: number, value: number): void => { heap.u32[(state + field) >>> 2] = value; };
  const columns = heap.u32[(state + TextState.columnCount) >>> 2]!;
  for (const field of [TextState.row, TextState.line, TextState.badCount, TextState.fixCount]) put(field, 0);
  put(TextState.lineNumbers, take(lines * 4));
  put(TextState.badCapacity, BAD_CAPACITY);
  put(TextState.badList, take(BAD_CAPACITY * BadLine.bytes));
  put(TextState.fixCapacity, FIX_CAPACITY + columns);
  put(TextState.fixList, take((FIX_CAPACITY + columns) * FloatFix.bytes));
  // What was remembered lies in the text of an earlier item.
  heap.u8.fill(0, state + TextState.memo, state + TextState.columns);
  for (let column = 0; column < columns; column++) {
    const word = columnRecord(state, column) >>> 2;
    const width = heap.u32[word + TextColumn.width / 4]!;
    const values = take(valueBytes(width, lines));
    if (width === 0) heap.u8.fill(0, values, values + valueBytes(0, lines));
    const bits = heap.u32[word + TextColumn.nullable / 4] === 0 ? 0 : take(valueBytes(0, lines));
    if (bits !== 0) heap.u8.fill(0xff, bits, bits + valueBytes(0, lines));
    heap.u32[word + TextColumn.values / 4] = values;
    heap.u32[word + TextColumn.validity / 4] = bits;
    heap.u32[word + TextColumn.nullCount / 4] = 0;
    heap.u32[word + TextColumn.stamp / 4] = 0;
  }
}

export interface StagedColumn {
  readonly text: boolean;
  readonly width: number;
  readonly values: number;
  readonly validity: number;
  readonly nullCount: number;
}

export function stagedColumn(heap: Heap, state: number, column: number): StagedColumn {
  const kind = columnField(heap, state, column, TextColumn.kind);
  const nullCount = columnField(heap, state, column, TextColumn.nullCount);
  return {
    text: kind === TextKind.utf8 || kind === TextKind.binary,
    width: columnField(heap, state, column, TextColumn.width),
    values: columnField(heap, state, column, TextColumn.values),
    validity: nullCount === 0 ? 0 : columnField(heap, state, column, TextColumn.validity),
    nullCount,
  };
}

/** Bytes of the block of a batch of `width` columns, those staged among them; `textLengths[column]`: bytes of a text column. A multiple of 64. */
export function blockBytes(columns: readonly StagedColumn[], width: number, textLengths: readonly number[], rows: number, withPositions: boolean): number {
  let total = aligned(descriptorBytes(width)) + (withPositions ? aligned(rows * 4) : 0);
  columns.forEach((column, index) => {
    // Gathering text writes a little past its end.
    total += column.text ? aligned((rows + 1) * 4) + aligned(textLengths[index]! + 16) : aligned(valueBytes(column.width, rows));
    if (column.validity !== 0) total += aligned(valueBytes(0, rows));
  });
  return total;
}

/** Fills the block at `block` from staged columns: `places`, which column of the batch each is, of `width`. Returns the address of the line numbers, or 0. */
export function fillBlock(
  heap: Heap, block: number, columns: readonly StagedColumn[], places: readonly number[], width: number, textLengths: readonly number[], rows: number, lineNumbers: number,
  gatherText: (rows: number, refs: number, offsets: number, bytes: number) => void,
): number {
  let at = block + aligned(descriptorBytes(width));
  const take = (bytes: number): number => {
    const address = at;
    at += aligned(bytes);
    return address;
  };
  const copy = (from: number, bytes: number): number => {
    const to = take(bytes);
    heap.u8.copyWithin(to, from, from + bytes);
    return to;
  };
  heap.u32.fill(0, block >>> 2, (block >>> 2) + BATCH_HEADER_WORDS + width * COLUMN_WORDS);
  heap.u32[block >>> 2] = rows;
  heap.u32[(block >>> 2) + 1] = width;
  columns.forEach((column, index) => {
    const word = columnWord(block, places[index]!);
    const bytes = column.text ? textLengths[index]! : valueBytes(column.width, rows);
    heap.u32[word + ColumnWord.nullCount] = column.nullCount;
    heap.u32[word + ColumnWord.byteLength] = bytes;
    if (column.validity !== 0) heap.u32[word + ColumnWord.validity] = copy(column.validity, valueBytes(0, rows));
    if (column.text) {
      const offsets = take((rows + 1) * 4);
      const values = take(bytes + 16);
      gatherText(rows, column.values, offsets, values);
      heap.u32[word + ColumnWord.offsets] = offsets;
      heap.u32[word + ColumnWord.values] = values;
    } else {
      heap.u32[word + ColumnWord.values] = copy(column.values, bytes);
    }
  });
  return lineNumbers === 0 ? 0 : copy(lineNumbers, rows * 4);
}
