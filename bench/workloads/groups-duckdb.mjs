import { BIGINT, INTEGER, VARCHAR, DuckDBDataChunk } from '@duckdb/node-api';
import { loadTable, openDuckdb } from '../peers/duckdb.mjs';
import { GroupCheck, keyNumber } from './group-rows.mjs';
import { textNumber } from './text-keys.mjs';

/**
 * DuckDB's timing ends when the result is complete in its own memory; that we then read it is not counted. (Streaming the chunks
 * instead takes as long or longer.)
 */
const QUERY = 'SELECT key, count(*), sum(value) FROM events GROUP BY key';

export async function openDuckdbInt64({ keys, value, expected, dense }, threads) {
  const { connection, close } = await openDuckdb(threads);
  await loadTable(connection, 'events', { key: { type: BIGINT, values: keys }, value: { type: BIGINT, values: value } });
  return {
    run: () => connection.run(QUERY),
    check: result => checkChunks(result, expected, vector => {
      const words = new Int32Array(vector.items.buffer, vector.items.byteOffset, vector.items.length * 2);
      return row => keyNumber(words[row * 2], words[row * 2 + 1], dense);
    }),
    close,
  };
}

/** The rows' strings come out of a join with the distinct ones: 16 M single strings would take minutes to hand over. */
export async function openDuckdbText({ index, texts, value, expected }, threads) {
  const { connection, close } = await openDuckdb(threads);
  await loadTable(connection, 'coded', { number: { type: INTEGER, values: new Int32Array(index.buffer) }, value: { type: BIGINT, values: value } });
  await loadStrings(connection, texts);
  await connection.run('CREATE TABLE events AS SELECT key, value FROM coded JOIN texts USING (number); DROP TABLE coded; DROP TABLE texts');
  return {
    run: () => connection.run(QUERY),
    check: result => checkChunks(result, expected, vector => row => textNumber(vector.getItem(row))),
    close,
  };
}

async function loadStrings(connection, texts) {
  await connection.run('CREATE TABLE texts (number INTEGER NOT NULL, key VARCHAR NOT NULL)');
  const appender = await connection.createAppender('texts');
  for (let from = 0; from < texts.length; from += 2048) {
    const part = texts.slice(from, from + 2048);
    const chunk = DuckDBDataChunk.create([INTEGER, VARCHAR], part.length);
    chunk.setColumnValues(0, part.map((_, i) => from + i));
    chunk.setColumnValues(1, part);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** `numbers(vector)` gives, for a chunk's key column, the number of each row's key. Sums are 128-bit: read as four words. */
function checkChunks(result, expected, numbers) {
  const check = new GroupCheck(expected);
  for (let i = 0; i < result.chunkCount; i++) {
    const chunk = result.getChunk(i);
    const number = numbers(chunk.getColumnVector(0));
    const counts = chunk.getColumnVector(1).items, sums = chunk.getColumnVector(2).dataView;
    for (let row = 0; row < counts.length; row++) check.add(number(row), Number(counts[row]), sum128(sums, row * 16));
  }
  return check.equal;
}
/** NaN, which equals nothing, if the value needs more than 64 bits. */
export function sum128(view, at) {
  const high = view.getInt32(at + 4, true);
  const fits = view.getInt32(at + 8, true) === high >> 31 && view.getInt32(at + 12, true) === high >> 31;
  return fits ? high * 4294967296 + view.getUint32(at, true) : NaN;
}
