import { MillraceError } from '../errors.js';
import { describe } from './postgres-store.js';
import { quoted } from './postgres-statements.js';
import type { Query } from './postgres-table.js';

/**
 * Numbers of the lives of jobs that write to a table, in a small table beside it: each life claims one that is greater than all before, and its versions
 * begin with it. A claim that is repeated only leaves a number out.
 */
const TABLE = 'millrace_incarnations';

/** Claims a number that is at least `least`. `table`: the name of the table that is written to. */
export async function claimIncarnation(name: string, ask: (what: string) => Query, schema: string | null, table: string, least: number): Promise<number> {
  const numbers = (schema === null ? '' : `${quoted(schema)}.`) + quoted(TABLE);
  const create = `CREATE TABLE IF NOT EXISTS ${numbers} ("table" text PRIMARY KEY, number bigint NOT NULL)`;
  const query = ask('cannot claim an incarnation');
  const [found] = await query('SELECT to_regclass($1) IS NOT NULL AS found', [numbers]);
  if (found!['found'] !== true) await created(name, ask, create);
  const [row] = await query(`INSERT INTO ${numbers} AS kept VALUES ($1, greatest(1, $2::bigint)) ON CONFLICT ("table") DO UPDATE SET number = greatest(kept.number + 1, $2::bigint) RETURNING number::text AS number`, [table, least]);
  return Number(row!['number']);
}

async function created(name: string, ask: (what: string) => Query, create: string): Promise<void> {
  try {
    // Two jobs that create it at once: one of them is told that there is one.
    await ask('cannot create a table of incarnations')(`DO $$ BEGIN ${create}; EXCEPTION WHEN unique_violation OR duplicate_table THEN NULL; END $$`, []);
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'SINK_FAILED') throw error;
    throw new MillraceError('SINK_FAILED', `${name}: cannot create the table that tells one life of a job from the next: ${describe(error.cause)}; have it created: ${create}`, { cause: error.cause });
  }
}
