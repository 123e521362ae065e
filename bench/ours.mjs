import { createEngine } from 'millrace';

/** The engine as every benchmark uses it: warm threads, one heap. What is measured is a job from its start to its last result. */
const BATCH_ROWS = 65_536;

export const openEngine = (workers, heap = '4GiB') => createEngine({ workers, heap });

/**
 * A table whose columns are built in the engine's heap, as a user does who fills batches himself. `columns`: name → a typed array of
 * values, { codes, texts } for a dictionary column, or { numbers, texts } for a utf8 column whose row r is `texts[numbers[r]]`.
 */
export function tableInHeap(engine, schema, columns) {
  const dictionaries = Object.fromEntries(Object.entries(columns).filter(([, { codes }]) => codes).map(([name, { texts }]) => [name, texts]));
  const table = engine.table(schema, { dictionaries });
  const rows = Math.max(...Object.values(columns).map(column => lengthOf(column)));
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const to = Math.min(from + BATCH_ROWS, rows);
    const batch = table.batch(to - from);
    for (const [name, column] of Object.entries(columns)) {
      if (column.numbers) batch.strings(name, Array.from(column.numbers.subarray(from, to), number => column.texts[number]));
      else batch.column(name).set((column.codes ?? column).subarray(from, to));
    }
    table.add(batch);
  }
  return table;
}
const lengthOf = ({ codes, numbers, length }) => codes?.length ?? numbers?.length ?? length;

/** Result batches, copied as they come: int64 columns by name, of which the first is a key. */
export class ResultColumns {
  batches = [];
  constructor(names) {
    this.names = names;
  }
  add(batch) {
    // The columns lie in shared memory; `slice` gives arrays of our own.
    this.batches.push(this.names.map(name => batch.values(name).slice()));
  }
  /** Gives every row to a check: the two words of its key, then its other values as numbers. */
  into(check) {
    for (const [key, ...others] of this.batches) {
      const words = new Int32Array(key.buffer);
      for (let row = 0; row < key.length; row++) check.add(words[row * 2], words[row * 2 + 1], ...others.map(values => Number(values[row])));
    }
    return check;
  }
}
