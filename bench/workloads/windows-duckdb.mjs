import { BIGINT } from '@duckdb/node-api';
import { loadTable, openDuckdb } from '../peers/duckdb.mjs';
import { sum128 } from './groups-duckdb.mjs';

/** Whole milliseconds and `//`: timestamps with `time_bucket` take longer (see `ysb`). */
const query = sizeMs => `SELECT key, "at" // ${sizeMs} AS slot, count(*), sum(value) FROM events GROUP BY ALL`;

export async function openDuckdbWindows({ key, value, at }, threads) {
  const { connection, close } = await openDuckdb(threads);
  await loadTable(connection, 'events', { key: { type: BIGINT, values: key }, value: { type: BIGINT, values: value }, at: { type: BIGINT, values: at } });
  return {
    run: sizeMs => () => connection.run(query(sizeMs)),
    /** Not timed: gives every row to a check. */
    into(result, check, sizeMs) {
      for (let i = 0; i < result.chunkCount; i++) {
        const chunk = result.getChunk(i);
        const keys = chunk.getColumnVector(0).items, slots = chunk.getColumnVector(1).items;
        const counts = chunk.getColumnVector(2).items, sums = chunk.getColumnVector(3).dataView;
        const words = new Int32Array(keys.buffer, keys.byteOffset, keys.length * 2);
        for (let row = 0; row < keys.length; row++) check.add(words[row * 2], words[row * 2 + 1], Number(slots[row]) * sizeMs, Number(counts[row]), sum128(sums, row * 16));
      }
      return check.equal;
    },
    close,
  };
}
