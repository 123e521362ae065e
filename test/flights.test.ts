import { DuckDBInstance, type DuckDBDataChunk, type DuckDBMaterializedResult } from '@duckdb/node-api';
import { expect, test } from 'vitest';

interface Flights {
  delaysPerHour: { collect(options?: { workers?: number }): Promise<DelayRow[]> };
  DELAYS_PER_HOUR_SQL: string;
}
interface DelayRow { origin: string; windowStart: bigint; windowEnd: bigint; flights: bigint; meanDelay: number; worstDelay: bigint }

// By URL: the example is JavaScript, without declarations.
const example = (): Promise<Flights> => import(new URL('../examples/flights/flights.mjs', import.meta.url).href);

test('the flights example answers what DuckDB answers over the same file, row for row and bit for bit', async () => {
  const { delaysPerHour, DELAYS_PER_HOUR_SQL } = await example();
  const expected = await duckdbLines(DELAYS_PER_HOUR_SQL);
  expect(expected.length).toBe(424_259);
  for (const workers of [1, 2]) {
    const rows = await delaysPerHour.collect({ workers });
    const lines = rows.map(row => line(row.origin, row.windowStart, row.windowEnd, row.flights, row.meanDelay, row.worstDelay)).sort();
    // Not one `toEqual` over all: a difference in 400,000 lines could not be read.
    expect(lines.length).toBe(expected.length);
    expect(lines.filter((text, i) => text !== expected[i]).slice(0, 10)).toEqual([]);
  }
});

/** The mean as the bits of the double: nothing is rounded by printing. */
const bits = new BigUint64Array(1), double = new Float64Array(bits.buffer);
function line(origin: string, start: bigint, end: bigint, flights: bigint, mean: number, worst: bigint): string {
  double[0] = mean;
  return `${origin} ${start} ${end} ${flights} ${bits[0]!.toString(16)} ${worst}`;
}

async function duckdbLines(sql: string): Promise<string[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    return linesOf(await connection.run(sql)).sort();
  } finally {
    connection.closeSync();
  }
}
function linesOf(result: DuckDBMaterializedResult): string[] {
  expect(result.columnNames()).toEqual(['origin', 'windowStart', 'windowEnd', 'flights', 'meanDelay', 'worstDelay']);
  const lines: string[] = [];
  for (let i = 0; i < result.chunkCount; i++) {
    const chunk = result.getChunk(i);
    const origins = chunk.getColumnValues(0) as string[];
    const start = raw<bigint>(chunk, 1), end = raw<bigint>(chunk, 2), flights = raw<bigint>(chunk, 3), mean = raw<number>(chunk, 4), worst = raw<bigint>(chunk, 5);
    origins.forEach((origin, row) => lines.push(line(origin, start[row]!, end[row]!, flights[row]!, mean[row]!, worst[row]!)));
  }
  return lines;
}
/** A column as a typed array: private in the declarations, but a value object per timestamp would take a second. */
const raw = <T>(chunk: DuckDBDataChunk, column: number): ArrayLike<T> => (chunk.getColumnVector(column) as unknown as { items: ArrayLike<T> }).items;
