import { DictionaryWord } from '../batch/layout.js';
import type { Kernels } from '../../native-free-kernels/load.js';
import type { Vector } from '../expression/vector.js';
import type { Heap, Scratch } from '../heap/heap.js';
import type { Expression } from '../plan/expression-tree.js';
import { readsSource, type Branch } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import { fromWords, isBytesType } from './words.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { Keys } from '../state/hashed-table.js';

/**
 * How the group key of a row becomes a cell:
 *   none   no key: one cell
 *   dense  one key column that always comes as codes of one dictionary: the code is the place of the cell
 *   word   one key column of at most 8 bytes
 *   bytes  one utf8 or binary column
 *   tuple  several columns, composed into bytes
 */
export type KeyMode = 'none' | 'dense' | 'word' | 'bytes' | 'tuple';

/** A dictionary with more values than this is hashed by code: a cell for every code of every slice would be mostly idle. */
export const MOST_DENSE_CODES = 65_536;

/** Names the one dictionary that an expression's codes always come from, or null where there is none. */
function codeOrigin(expression: Expression, branch: Branch, branchIndex: number): string | null {
  let traced = expression;
  for (let step = branch.steps.length - 1; step >= 0 && traced.op === 'column'; step--) {
    const project = branch.steps[step]!;
    if (project.kind !== 'project') continue;
    const { name } = traced;
    traced = project.columns.find(column => column.name === name)!.expression;
  }
  // Each batch of a stage's results may have a dictionary of its own.
  if (traced.op === 'column' && traced.type.kind === 'dictionary' && readsSource(branch.from)) return `source ${branchIndex} ${traced.name}`;
  if (traced.op === 'lookup' && (traced.type.kind === 'utf8' || traced.type.kind === 'dictionary')) return `table ${traced.table} ${traced.column}`;
  return null;
}

export function keyModeOf(keys: readonly Expression[], branches: readonly Branch[]): KeyMode {
  if (keys.length === 0) return 'none';
  if (keys.length > 1) return 'tuple';
  const origins = new Set(branches.map((branch, index) => codeOrigin(keys[0]!, branch, index)));
  if (origins.size === 1 && !origins.has(null)) return 'dense';
  return isBytesType(keys[0]!.type) ? 'bytes' : 'word';
}

/** An 8-byte form of any fixed-width vector, equal exactly where the keys are. */
export function keyWords(kernels: Kernels, vector: Vector, rows: number, scratch: Scratch): number {
  if (vector.cls === 'i64') return vector.data;
  const words = scratch.take(rows * 8);
  if (vector.cls === 'bool') kernels.widenBytes(rows, vector.data, words);
  else if (vector.cls === 'code') kernels.widenCodes(rows, vector.data, words);
  else kernels.floatKeys(rows, vector.data, words);
  return words;
}

/** Views of a `bytes` or `code` vector. */
export function keyViews(heap: Heap, kernels: Kernels, vector: Vector, rows: number, scratch: Scratch): number {
  if (vector.cls === 'bytes') return vector.data;
  const views = scratch.take(rows * 8);
  const block = vector.dictionary >>> 2;
  kernels.viewsOfCodes(rows, vector.data, heap.u32[block + DictionaryWord.offsets]!, heap.u32[block + DictionaryWord.bytes]!, views);
  return views;
}

/** Keys of one word, hashed; a null key has hash 0. */
export function hashKeyWords(kernels: Kernels, data: number, valid: number, rows: number, seed: bigint, scratch: Scratch): Keys {
  const hashes = scratch.take(rows * 4);
  kernels.hashWords(rows, data, seed, hashes);
  if (valid) kernels.clearInvalid(rows, valid, hashes);
  return { kind: 'words', data, valid, hashes };
}

/** The keys of a chunk's rows, hashed; a null key has hash 0. `vectors`: one per key column. */
export function hashedKeys(heap: Heap, kernels: Kernels, mode: KeyMode, vectors: readonly Vector[], rows: number, seed: bigint, scratch: Scratch): Keys {
  const [first] = vectors;
  if (mode === 'word' || mode === 'dense') return hashKeyWords(kernels, keyWords(kernels, first!, rows, scratch), first!.valid, rows, seed, scratch);
  const hashes = scratch.take(rows * 4);
  const data = mode === 'bytes' ? keyViews(heap, kernels, first!, rows, scratch) : composeKeys(heap, kernels, vectors, rows, scratch);
  const valid = mode === 'bytes' ? first!.valid : 0;
  kernels.hashBytes(rows, data, seed, hashes);
  if (valid) kernels.clearInvalid(rows, valid, hashes);
  return { kind: 'bytes', data, valid, hashes };
}

function composeKeys(heap: Heap, kernels: Kernels, vectors: readonly Vector[], rows: number, scratch: Scratch): number {
  const variable = (vector: Vector): boolean => vector.cls === 'bytes' || vector.cls === 'code';
  const columns = vectors.map(vector => (variable(vector) ? keyViews(heap, kernels, vector, rows, scratch) : keyWords(kernels, vector, rows, scratch)));
  const sizes = scratch.take(rows * 4);
  kernels.fillWords(rows, 8 + 8 * vectors.filter(vector => !variable(vector)).length, sizes);
  vectors.forEach((vector, k) => variable(vector) && kernels.composeSizes(rows, columns[k]!, vector.valid, sizes));
  const views = scratch.take(rows * 8);
  const cursors = scratch.take(rows * 4);
  kernels.composeViews(rows, sizes, scratch.take((kernels.sumWords(rows, sizes) >>> 0) + 16), views, cursors);
  vectors.forEach((vector, k) => {
    const compose = variable(vector) ? kernels.composeBytes : kernels.composeFixed;
    compose(rows, columns[k]!, vector.valid, 1n << BigInt(k), views, cursors);
  });
  return views;
}

/** Turns the key words or views of cells back into vectors of the key columns. `nullRows`: the rows of null cells; `dictionary`: for `dense`. */
export function splitKeys(thread: ThreadContext, mode: KeyMode, fields: Fields, data: number, rows: number, nullRows: readonly number[], dictionary: number): Vector[] {
  const { heap, kernels, scratch } = thread;
  if (mode === 'none') return [];
  if (mode === 'tuple') return splitTuple(heap, kernels, fields, data, rows, scratch);
  const valid = nullRows.length === 0 ? 0 : scratch.take(rows);
  if (valid) heap.u8.fill(1, valid, valid + rows);
  for (const row of nullRows) {
    heap.u8[valid + row] = 0;
    heap.u64[(data >>> 3) + row] = 0n;
  }
  if (mode !== 'dense') return [fromWords(heap, fields[0]!.type, data, valid, rows)];
  const codes = scratch.take(rows * 4);
  kernels.narrowWords(rows, data, codes);
  return [{ cls: 'code', data: codes, valid, dictionary }];
}

function splitTuple(heap: Heap, kernels: Kernels, fields: Fields, views: number, rows: number, scratch: Scratch): Vector[] {
  const cursors = scratch.take(rows * 4);
  kernels.splitStart(rows, views, cursors);
  return fields.map((field, k) => {
    const data = scratch.take(rows * 8);
    const valid = scratch.take(rows);
    const present = (isBytesType(field.type) ? kernels.splitBytes : kernels.splitFixed)(rows, views, 1n << BigInt(k), cursors, data, valid);
    return fromWords(heap, field.type, data, present === rows ? 0 : valid, rows);
  });
}
