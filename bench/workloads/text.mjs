import { openEngine } from '../ours.mjs';
import { figure, interleave, speedup } from '../harness.mjs';
import { openDuckdbText } from './groups-duckdb.mjs';
import { openOursText } from './groups-ours.mjs';
import { groupRows } from './group-rows.mjs';
import { textKeys } from './text-keys.mjs';

const ROWS = 16_000_000;
const GROUPS = 1_000_000;
const SMALL = { rows: 100_000, groups: 20_000 };
const WORKERS = 2;

/** Count and sum of an int64 by a utf8 key of 1 M distinct strings of 20 bytes, over the whole input. */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL.rows : rows;
  const groups = small ? SMALL.groups : Math.min(GROUPS, rows);
  progress('making rows');
  const input = { ...groupRows(rows, groups), texts: textKeys(groups) };
  const engine = openEngine(WORKERS);
  const ours = openOursText(engine, input);
  const duckdb = await openDuckdbText(input, WORKERS);
  try {
    const { times, equal } = await interleave([
      { name: 'ours', run: ours.run, check: ours.check },
      { name: 'DuckDB', run: duckdb.run, check: duckdb.check },
    ], { rounds, progress });
    return {
      rows, equal,
      ours: { millrace: figure(times, 'ours', rows, { workers: WORKERS }) },
      peers: { DuckDB: figure(times, 'DuckDB', rows, { threads: WORKERS }) },
      ratios: { duckdb: speedup(times, 'ours', 'DuckDB'), 'bytes per group': ours.peakStateBytes() / groups },
      required: { duckdb: { atLeast: 0.6 } },
      notes: { groups },
    };
  } finally {
    await engine.close();
    duckdb.close();
  }
}
