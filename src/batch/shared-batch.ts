/**
 * A user's record batch on SharedArrayBuffers, described so that workers can copy it into the heap, a morsel at a time, without
 * apache-arrow. Plain data that `postMessage` and `workerData` take; the buffers are shared, not copied.
 */
export interface SharedBatch {
  readonly rows: number;
  readonly buffers: readonly SharedArrayBuffer[];
  /** One for each field, in the order of the schema. */
  readonly columns: readonly SharedColumn[];
}
export interface SharedSlice {
  /** Index into `buffers`. */
  readonly buffer: number;
  readonly byteOffset: number;
  readonly byteLength: number;
}
export interface SharedColumn {
  /** Fixed-width values in the storage of the field's type; bits for bool; bytes for utf8 and binary. */
  readonly values: SharedSlice;
  /** Bit of row 0 at `values`, for bool. */
  readonly firstBit: number;
  /** null where no row is null. */
  readonly validity: SharedSlice | null;
  readonly firstValidityBit: number;
  /** rows + 1 int32 into `values`, for utf8 and binary. */
  readonly offsets: SharedSlice | null;
  /** For dictionary columns: the heap's block, how many codes the user's dictionary has, and what they become (null: the same). */
  readonly dictionary: { readonly block: number; readonly codes: number; readonly remap: Int32Array | null } | null;
}

/** A shared batch as a morsel carries it, in JSON: its buffers are `places` in the list that every thread of the job has. */
export interface SharedMorsel {
  readonly rows: number;
  readonly places: readonly number[];
  readonly columns: readonly SharedColumn[];
}
