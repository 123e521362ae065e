import { MillraceError } from '../errors.js';
import { vectorClassOf } from '../aggregate/words.js';
import { columnOf, type Expression } from '../plan/expression-tree.js';
import type { Join } from '../plan/join-plan.js';
import type { DataType, Field } from '../plan/types.js';
import { storageOf } from '../batch/storage.js';
import { ENTRY_HEAD_BYTES, MOST_SIDES } from './log-layout.js';

/** How a column of a side lies in its entries. */
export interface EntryColumn {
  readonly field: Field;
  /** Which of the vectors it comes in. */
  readonly input: number;
  readonly kind: 'word' | 'flag' | 'text';
  /** Bytes, of kind `word`. */
  readonly width: number;
  readonly offset: number;
  /** Where a byte tells whether it is not null; 0 where it never is. */
  readonly valid: number;
}
/**
 * The entries of one side: the head, then what is kept of every row, wider fields first, then texts. Of a row in a window the head's time is the
 * start of the window.
 */
export interface EntryLayout {
  readonly columns: readonly EntryColumn[];
  /** Event time, or 0 where the head has it. */
  readonly time: number;
  /** By side, the number of its rows that match, 0 where it is not counted. */
  readonly counts: readonly number[];
  /** Of versions: where (u64) the row stood in its input, which decides between equal times; else 0. */
  readonly place: number;
  /** Of versions: where a byte tells that the row is gone, and in which of the vectors it comes; null where none does. */
  readonly deleted: { readonly input: number; readonly offset: number } | null;
  /** View of the key's bytes, or 0 where the word is all of it. */
  readonly key: number;
  /** Bytes without texts, and whether there are any. */
  readonly fixedBytes: number;
  readonly hasTexts: boolean;
}
export type JoinKeyMode = 'none' | 'word' | 'bytes' | 'tuple';

export interface JoinLayout {
  readonly keyMode: JoinKeyMode;
  readonly keyCount: number;
  readonly sides: readonly EntryLayout[];
  /** What a region keeps: a log of each side, or of a table that changes those of `VersionLog`. Whether rows are looked up in it. */
  readonly logs: readonly boolean[];
}

/** The columns of a side that are part of the result. */
const columnsOf = (join: Join, side: number): Field[] => {
  const wanted = new Set(join.columns.flatMap(column => (column.kind === 'field' && column.side === side ? [column.name] : [])));
  return join.sides[side]!.fields.filter(({ name }) => wanted.has(name));
};

/** What a row of a side is needed for: its keys, the columns that are kept, then what says that it is gone. */
export function joinInputs(join: Join, side: number): Expression[] {
  const deleted = side === 1 ? join.asOf?.deleted : null;
  return [...join.sides[side]!.keys.map(key => key.expression), ...columnsOf(join, side).map(columnOf), ...deleted ? [deleted] : []];
}

export function joinLayout(join: Join): JoinLayout {
  if (join.sides.length > MOST_SIDES) throw new MillraceError('PLAN_INVALID', `a join has at most ${MOST_SIDES} sides, not ${join.sides.length}`);
  const keys = join.sides[0]!.keys.map(key => key.expression.type);
  const keyMode = keys.length === 0 ? 'none' : keys.length > 1 ? 'tuple' : vectorClassOf(keys[0]!) === 'bytes' ? 'bytes' : 'word';
  const keyCount = keys.length;
  const hasViews = keyMode === 'bytes' || keyMode === 'tuple';
  const logs = join.asOf === null ? join.sides.map(() => true) : [false, false, true];
  return { keyMode, keyCount, sides: join.sides.map((_, side) => entryLayout(join, side, hasViews)), logs };
}

function entryLayout(join: Join, side: number, hasViews: boolean): EntryLayout {
  let end = ENTRY_HEAD_BYTES;
  const place = (bytes: number): number => {
    end += bytes;
    return end - bytes;
  };
  const time = join.window !== null && join.columns.some(column => column.kind === 'time') ? place(8) : 0;
  const counts = join.sides.map(({ match }) => (side === 0 && match === 'count' ? place(8) : 0));
  const position = side === 1 && join.asOf !== null ? place(8) : 0;
  const key = hasViews ? place(8) : 0;
  const keyCount = join.sides[side]!.keys.length;
  const kept = columnsOf(join, side).map((field, index) => ({ field, input: keyCount + index, kind: kindOf(field.type), width: widthOf(field.type), offset: 0, valid: 0 }));
  const placed = kept.toSorted((a, b) => b.width - a.width).map(column => ({ ...column, offset: place(column.width) }));
  const columns = placed.map(column => ({ ...column, valid: column.field.nullable ? place(1) : 0 }));
  const deleted = side === 1 && join.asOf?.deleted ? { input: keyCount + kept.length, offset: place(1) } : null;
  return { columns, time, counts, place: position, deleted, key, fixedBytes: end, hasTexts: hasViews || columns.some(({ kind }) => kind === 'text') };
}

const kindOf = (type: DataType): EntryColumn['kind'] => {
  const cls = vectorClassOf(type);
  return cls === 'bytes' ? 'text' : cls === 'bool' ? 'flag' : 'word';
};
function widthOf(type: DataType): number {
  switch (storageOf(type)) {
    case 'bits': return 1;
    case 'int8': case 'uint8': return type.kind === 'dictionary' ? 8 : 1;
    case 'int16': case 'uint16': return type.kind === 'dictionary' ? 8 : 2;
    case 'int32': case 'uint32': return type.kind === 'dictionary' ? 8 : 4;
    // Floats are worked on in 8 bytes.
    default: return 8;
  }
}
