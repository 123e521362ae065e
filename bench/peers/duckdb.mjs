import { DuckDBDataChunk, DuckDBInstance, version } from '@duckdb/node-api';

/** DuckDB, in memory, with its defaults but for the number of threads. */
export const duckdbVersion = version();
const CHUNK_ROWS = 2048;

export async function openDuckdb(threads) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`SET threads = ${threads}`);
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Makes table `name` of typed arrays. `columns`: name → { type, values }, all equally long. Rows listed in `skip` (ascending) are
 * left out. Chunks of typed arrays: a value at a time would take minutes.
 */
export async function loadTable(connection, name, columns, skip = []) {
  const names = Object.keys(columns);
  const types = names.map(column => columns[column].type);
  const vectors = names.map(column => columns[column].values);
  await connection.run(`CREATE TABLE ${name} (${names.map((column, i) => `"${column}" ${types[i]} NOT NULL`).join(', ')})`);
  const appender = await connection.createAppender(name);
  const append = (from, to) => {
    for (let row = from; row < to; row += CHUNK_ROWS) {
      const end = Math.min(row + CHUNK_ROWS, to);
      const chunk = DuckDBDataChunk.create(types, end - row);
      vectors.forEach((values, i) => {
        const vector = chunk.getColumnVector(i);
        vector.items.set(values.subarray(row, end));
        vector.flush();
      });
      appender.appendDataChunk(chunk);
    }
  };
  let from = 0;
  for (const row of [...skip, vectors[0].length]) {
    append(from, row);
    from = row + 1;
  }
  appender.flushSync();
  appender.closeSync();
}
