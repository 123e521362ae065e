import type { CassandraSettings } from './cassandra-options.js';
import { quoted } from './cassandra-statements.js';
import { Contended } from './cassandra-errors.js';
import { bigintBytes } from './cassandra-types.js';

/** Numbers of the lives of jobs that write to a table, each claimed by a lightweight transaction. A claim whose answer was lost only leaves a number out. */
const TABLE = 'millrace_incarnations';
const MOST_LOST = 20;

export const createIncarnations = (keyspace: string): string => `CREATE TABLE IF NOT EXISTS ${quoted(keyspace)}.${TABLE} (table_name text PRIMARY KEY, number bigint)`;
export const FIND_INCARNATIONS: string = `SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = '${TABLE}'`;

/** Claims a number greater than all before and at least `least`. Rejects with an error of the driver. REQUIRES: the table of numbers is there. */
export async function claimIncarnation({ client, table, consistency, serialConsistency }: CassandraSettings, keyspace: string, least: number): Promise<number> {
  const numbers = `${quoted(keyspace)}.${TABLE}`;
  const writes = { prepare: true, consistency, serialConsistency };
  for (let lost = 0; lost < MOST_LOST; lost++) {
    const { rows } = await client.execute(`SELECT number FROM ${numbers} WHERE table_name = ?`, [table], { prepare: true, consistency: serialConsistency });
    const found = rows.length === 0 ? null : BigInt(String((rows[0] as Record<string, unknown>)['number']));
    const number = Math.max(Number(found ?? 0n) + 1, least, 1);
    const answer = found === null
      ? await client.execute(`INSERT INTO ${numbers} (table_name, number) VALUES (?, ?) IF NOT EXISTS`, [table, bigintBytes(BigInt(number))], writes)
      : await client.execute(`UPDATE ${numbers} SET number = ? WHERE table_name = ? IF number = ?`, [bigintBytes(BigInt(number)), table, bigintBytes(found)], writes);
    if ((answer.rows[0] as Record<string, unknown> | undefined)?.['[applied]'] === true) return number;
  }
  throw new Contended(`others claimed an incarnation ${MOST_LOST} times in a row`);
}
