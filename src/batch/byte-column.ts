import { MillraceError } from '../errors.js';
import { MAX_COLUMN_BYTES } from './heap-batch.js';

/** All values of a utf8 or binary column, in private memory. */
export interface ByteColumn {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
  /** Rows that are null. */
  readonly nulls: readonly number[];
}

/** Rows that `pieces` does not have are empty. Throws BATCH_TOO_LARGE beyond 2 GiB. */
export function byteColumn(name: string, rows: number, pieces: readonly (Uint8Array | null)[]): ByteColumn {
  const offsets = new Int32Array(rows + 1);
  const nulls: number[] = [];
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const piece = pieces[row];
    if (piece === null) nulls.push(row);
    end += piece?.length ?? 0;
    if (end > MAX_COLUMN_BYTES) throw new MillraceError('BATCH_TOO_LARGE', `column '${name}' of one batch has more than 2 GiB; make batches smaller`);
    offsets[row + 1] = end;
  }
  const bytes = new Uint8Array(end);
  pieces.forEach((piece, row) => piece && bytes.set(piece, offsets[row]));
  return { offsets, bytes, nulls };
}
