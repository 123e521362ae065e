import { figure, interleave, speedup, WARM_ALREADY } from '../harness.mjs';
import { openEngine } from '../ours.mjs';
import { openDuckdbInt64 } from './groups-duckdb.mjs';
import { openOursInt64 } from './groups-ours.mjs';
import { groupRows, int64Keys } from './group-rows.mjs';

const ROWS = 16_000_000;
const SMALL_ROWS = 200_000;
const WORKERS = 2;
const SIZES = { '1k': 1000, '100k': 100_000, '1M': 1_000_000, '8M': 8_000_000 };
const LARGEST_DENSE = 1_000_000;
const SMALL_SIZES = { '1k': 1000, '50k': 50_000 };
/** Times DuckDB's speed. From 1 M groups on, state no longer fits a cache, and laying it out well is what we are for. */
const REQUIRED = { '1k': 0.8, '100k': 0.8, '1M': 1.2, '8M': 1.2 };
/** Of window state at its peak, growth included. */
const BYTES_PER_GROUP = 64;

/**
 * Count and sum of an int64 by an int64 key, over the whole input. Keys are scattered over all 64 bits, so that no side can index an
 * array by them; a variant with keys 0 … K-1, where DuckDB can, is printed without being required (but for the largest size, where it does not).
 */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL_ROWS : rows;
  const report = { rows, equal: true, ours: {}, peers: {}, ratios: {}, required: {}, notes: { groups: small ? SMALL_SIZES : SIZES } };
  const engine = openEngine(WORKERS);
  let warmUp;
  try {
    for (const [label, groups] of Object.entries(small ? SMALL_SIZES : SIZES).filter(([, groups]) => groups <= rows)) {
      progress(`${label}: making rows`);
      const made = groupRows(report.rows, groups);
      for (const dense of groups > LARGEST_DENSE ? [false] : [false, true]) {
        const name = dense ? `${label}, dense` : label;
        await compare(engine, report, made, { name, groups, dense, rounds, warmUp, progress: message => progress(`${name}: ${message}`) });
        warmUp = WARM_ALREADY;
      }
      if (label in REQUIRED) report.required[`duckdb ${label}`] = { atLeast: REQUIRED[label] };
      report.required[`bytes per group ${label}`] = { atMost: BYTES_PER_GROUP };
    }
  } finally {
    await engine.close();
  }
  return report;
}

async function compare(engine, report, { index, value, expected }, { name, groups, dense, rounds, warmUp, progress }) {
  const input = { keys: int64Keys(index, dense), value, expected, dense };
  const ours = openOursInt64(engine, input);
  const duckdb = await openDuckdbInt64(input, WORKERS);
  try {
    const { times, equal } = await interleave([
      { name: 'ours', run: ours.run, check: ours.check },
      { name: 'DuckDB', run: duckdb.run, check: duckdb.check },
    ], { rounds, warmUp, progress });
    report.equal &&= equal;
    report.ours[name] = figure(times, 'ours', report.rows, { workers: WORKERS });
    report.peers[`DuckDB ${name}`] = figure(times, 'DuckDB', report.rows, { threads: WORKERS });
    report.ratios[`duckdb ${name}`] = speedup(times, 'ours', 'DuckDB');
    if (!dense) report.ratios[`bytes per group ${name}`] = ours.peakStateBytes() / groups;
  } finally {
    ours.close();
    duckdb.close();
  }
}
