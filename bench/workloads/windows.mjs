import { session, sliding, tumbling } from 'millrace';
import { figure, interleave, speedup } from '../harness.mjs';
import { openDuckdbWindows } from './windows-duckdb.mjs';
import { openOursWindows } from './windows-ours.mjs';
import { SessionCheck, sessionGapMs, STRAGGLER_MS, WindowCheck, windowRows } from './windows-rows.mjs';

const ROWS = 32_000_000;
const SMALL_ROWS = 300_000;
const KEYS = 1000;
const WORKERS = 2;
const SIZE_MS = 10_000;
const SLIDE_MS = 100;

/** Name → what is asked of which stream, and the ratio to the tumbling windows of the ordered stream that is wanted. */
const casesOf = small => ({
  tumbling: { stream: 'ordered', window: tumbling(SIZE_MS), slideMs: SIZE_MS, outOfOrderness: 0 },
  sliding: { stream: 'ordered', window: sliding(SIZE_MS, SLIDE_MS), slideMs: SLIDE_MS, outOfOrderness: 0, atLeast: 0.6 },
  disorder: { stream: 'disordered', window: tumbling(SIZE_MS), slideMs: SIZE_MS, outOfOrderness: STRAGGLER_MS, atLeast: 0.8 },
  // A row just a gap after the last belongs to its session only while that is open: a millisecond more, and it is, in whatever order the rows of one come.
  session: { stream: 'ordered', window: session(sessionGapMs(KEYS, small)), slideMs: null, outOfOrderness: 1, atLeast: 0.25 },
});

/**
 * Count and sum by 1,000 int64 keys, a million rows per second of event time, columns in the heap: tumbling windows of 10 s against
 * DuckDB; sliding windows of the same size, every 100 ms, and sessions against the tumbling ones; and the tumbling ones where one row in
 * 20 is up to a minute out of order, against the stream in order.
 */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL_ROWS : rows;
  progress('making rows');
  const input = windowRows(rows, KEYS, small);
  progress('loading');
  const duckdb = await openDuckdbWindows(input, WORKERS);
  const ours = await openOursWindows(input, WORKERS);
  const cases = casesOf(small);
  const checkOf = ({ stream, slideMs }) => slideMs === null ? new SessionCheck(input.expectedSessions) : new WindowCheck(stream === 'ordered' ? input.expected : input.expectedDisordered, SIZE_MS, slideMs);
  const ourCase = ([name, one]) => ({
    name, run: ours.run(one.stream, one.window, one.outOfOrderness),
    check: ({ result, stats }) => stats.sources[0].applied === rows && result.into(checkOf(one)).equal,
  });
  try {
    const [first, ...others] = Object.entries(cases);
    const { times, equal } = await interleave([
      { name: 'DuckDB', run: duckdb.run(SIZE_MS), check: result => duckdb.into(result, checkOf(cases.tumbling), SIZE_MS) },
      ourCase(first), ...others.map(ourCase),
    ], { rounds, progress });
    return {
      rows, equal,
      ours: Object.fromEntries(Object.keys(cases).map(name => [name, figure(times, name, rows, { workers: WORKERS })])),
      peers: { 'DuckDB tumbling': figure(times, 'DuckDB', rows, { threads: WORKERS }) },
      ratios: { 'duckdb tumbling': speedup(times, 'tumbling', 'DuckDB'), ...Object.fromEntries(others.map(([name]) => [name, speedup(times, name, 'tumbling')])) },
      required: { 'duckdb tumbling': { atLeast: 1 }, ...Object.fromEntries(others.map(([name, { atLeast }]) => [name, { atLeast }])) },
      notes: { keys: KEYS },
    };
  } finally {
    await ours.close();
    duckdb.close();
  }
}
