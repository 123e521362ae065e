import { callback, count, schema, stream, sum, t } from 'millrace';
import { tableInHeap } from '../ours.mjs';
import { GroupCheck, keyNumber } from './group-rows.mjs';
import { TEXT_BYTES, textNumber } from './text-keys.mjs';

const countAndSum = (source, Row, sink) => stream(source, Row)
  .groupBy('key')
  .aggregate(row => ({ count: count(), sum: sum(row.value) }))
  .to(sink);

/** On an engine that others use, too: what V8 has compiled for one size is warm for the next. */
export function openOursInt64(engine, { keys, value, expected, dense }) {
  const Row = schema({ key: t.int64, value: t.int64 });
  const number = result => {
    const words = new Int32Array(result.keys.buffer);
    return row => keyNumber(words[row * 2], words[row * 2 + 1], dense);
  };
  const result = new GroupColumns(expected.counts.length, BigInt64Array, 1, batch => batch.values('key'));
  return open(engine, Row, { key: keys, value }, result, number, expected);
}

export function openOursText(engine, { index, texts, value, expected }) {
  const Row = schema({ key: t.utf8, value: t.int64 });
  const number = result => row => textNumber(latin1(result.keys, row * TEXT_BYTES));
  const bytesOfKeys = batch => {
    const { values, valueOffsets } = batch.toArrow().getChild('key').data[0];
    return values.subarray(valueOffsets[0], valueOffsets[batch.rows]);
  };
  const result = new GroupColumns(expected.counts.length, Uint8Array, TEXT_BYTES, bytesOfKeys);
  return open(engine, Row, { key: { numbers: index, texts }, value }, result, number, expected);
}

function open(engine, Row, columns, result, number, expected) {
  const table = tableInHeap(engine, Row, columns);
  const source = table.source();
  let peakStateBytes = 0;
  return {
    async run() {
      result.rows = 0;
      const stats = await countAndSum(source, Row, callback(batch => result.add(batch))).run({ engine });
      peakStateBytes = Math.max(peakStateBytes, stats.peakStateBytes);
      return result;
    },
    check: () => checkColumns(result, number(result), expected),
    peakStateBytes: () => peakStateBytes,
    close: () => table.free(),
  };
}

/** All results, copied out of the batches as they come: like DuckDB's, they are then complete and ours to keep. */
class GroupColumns {
  constructor(groups, Keys, keyLength, keysOf) {
    this.keyLength = keyLength;
    this.keysOf = keysOf;
    this.keys = new Keys(groups * keyLength).fill(Keys === BigInt64Array ? 0n : 0);
    this.counts = new BigInt64Array(groups).fill(0n);
    this.sums = new BigInt64Array(groups).fill(0n);
    this.rows = 0;
  }
  add(batch) {
    // More groups than there are: counted, and found by the check.
    if (this.rows + batch.rows <= this.counts.length) {
      this.keys.set(this.keysOf(batch), this.rows * this.keyLength);
      this.counts.set(batch.values('count'), this.rows);
      this.sums.set(batch.values('sum'), this.rows);
    }
    this.rows += batch.rows;
  }
}

function checkColumns({ rows, counts, sums }, number, expected) {
  if (rows !== counts.length) return false;
  const check = new GroupCheck(expected);
  for (let row = 0; row < rows; row++) check.add(number(row), Number(counts[row]), Number(sums[row]));
  return check.equal;
}

const latin1 = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + TEXT_BYTES));
