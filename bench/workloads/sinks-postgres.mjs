import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { stream } from 'millrace';
import { postgres } from 'millrace/postgres';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Result } from './sinks-rows.mjs';

const TABLE = 'bench_sinks';
const COLUMNS = '(campaign text, "windowStart" timestamptz, version bigint, views bigint, clicks bigint';
const UPSERT = 'ON CONFLICT (campaign, "windowStart") DO UPDATE SET version = EXCLUDED.version, views = EXCLUDED.views, clicks = EXCLUDED.clicks WHERE kept.version < EXCLUDED.version';
/** Rows of one COPY and of one statement: of those tried, the fastest. */
const COPY_ROWS = 25_000, UNNEST_ROWS = 5000;

/** The sink, and the two ways in which pg upserts fastest: COPY to a temporary table and INSERT from there, and arrays. */
export async function openPostgres(address, input, engine) {
  const pool = new pg.Pool({ connectionString: address, max: 2 });
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  await client.query(`DROP TABLE IF EXISTS ${TABLE}; CREATE TABLE ${TABLE} ${COLUMNS}, PRIMARY KEY (campaign, "windowStart")); CREATE TEMPORARY TABLE staged ${COLUMNS})`);
  const prepare = async () => {
    await client.query(`TRUNCATE ${TABLE}`);
    // What was written before must not be cleaned up at the expense of what comes next.
    await client.query(`VACUUM ${TABLE}`);
  };
  const { rows, campaign, time, version, views, clicks } = input;
  // No key twice: a statement must not change a row again.
  const copyRows = Math.min(COPY_ROWS, rows / 2), unnestRows = Math.min(UNNEST_ROWS, rows / 2);
  const check = async () => {
    const { rows: [found] } = await client.query(`SELECT concat_ws(' ', count(*), sum(version), sum(views), sum(clicks)) AS sums FROM ${TABLE}`);
    return found.sums === input.sums;
  };
  const iso = row => new Date(Number(time[row])).toISOString();
  return {
    questions: [{
      name: 'PostgreSQL',
      ours: () => stream(input.results.source(), Result).to(postgres({ client: pool, table: TABLE, key: ['campaign', 'windowStart'] })).run({ engine }),
      peers: {
        'pg, COPY': async () => {
          for (let from = 0; from < rows; from += copyRows) {
            const to = Math.min(rows, from + copyRows);
            await client.query('BEGIN; TRUNCATE staged');
            const lines = [];
            for (let row = from; row < to; row++) lines.push(`${campaign[row]}\t${iso(row)}\t${version[row]}\t${views[row]}\t${clicks[row]}\n`);
            await pipeline(Readable.from([lines.join('')]), client.query(copyFrom('COPY staged FROM STDIN')));
            await client.query(`INSERT INTO ${TABLE} AS kept SELECT * FROM staged ${UPSERT}; COMMIT`);
          }
        },
        'pg, unnest': async () => {
          for (let from = 0; from < rows; from += unnestRows) {
            const to = Math.min(rows, from + unnestRows);
            const times = [];
            for (let row = from; row < to; row++) times.push(iso(row));
            const numbers = column => Array.from(column.subarray(from, to), String);
            await client.query(`INSERT INTO ${TABLE} AS kept SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[]) ${UPSERT}`,
              [campaign.slice(from, to), times, numbers(version), numbers(views), numbers(clicks)]);
          }
        },
      },
      prepare, check,
    }],
    close: async () => {
      await client.query(`DROP TABLE ${TABLE}`);
      await client.end();
      await pool.end();
    },
  };
}
