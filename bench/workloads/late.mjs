import { arrow, callback, count, schema, stream, sum, t, tumbling } from 'millrace';
import { arrowTable } from '../arrow-tables.mjs';
import { figure, interleave } from '../harness.mjs';
import { openEngine, ResultColumns } from '../ours.mjs';
import { ACCEPT_MS, ChangelogCheck, lateRows, WINDOW_MS } from './late-rows.mjs';

const KEYS = 10_000;
const SMALL_KEYS = 50;
/** Else the few rows were all read before the first window closed, and nothing was revised. */
const SMALL_BATCH_ROWS = 1000;
/** Minutes of event time, with two rows a key. After 12 hours windows are given up as fast as new ones open. */
const MINUTES = 14 * 60;
const WORKERS = 2;
const HEAP_BYTES = 2 ** 30;
/** What window state may take of a heap; the rest is for batches. */
const STATE_SHARE = 0.75;

const Row = schema({ key: t.int64, value: t.int64, at: t.timestamp });

/**
 * Twelve hours of one-minute windows by 10,000 keys held open for late rows: 7.2 M groups, in a heap of 1 GiB. One row in 20 is up to
 * 12.5 hours late, so that results are revised all the time and some rows come too late even for that. The changelog, folded, must be
 * what a plain loop finds.
 */
export async function bench({ rows, small, rounds, progress }) {
  const keys = small ? SMALL_KEYS : KEYS;
  rows = small ? MINUTES * keys * 2 : rows ?? MINUTES * keys * 2;
  progress('making rows');
  const { expected, key, value, at } = lateRows(rows, keys);
  const table = arrowTable({ key: { values: key, type: 'int64' }, value: { values: value, type: 'int64' }, at: { values: at, type: 'timestamp' } });
  const engine = openEngine(WORKERS, HEAP_BYTES);
  const seen = { revisions: 0, peakStateBytes: 0 };
  try {
    const { times, equal } = await interleave([{
      name: 'late', run: () => changelog(engine, table, small ? SMALL_BATCH_ROWS : undefined), check: ({ result, stats }) => {
        const check = result.into(new ChangelogCheck(expected));
        seen.revisions = check.revisions;
        seen.peakStateBytes = Math.max(seen.peakStateBytes, stats.peakStateBytes);
        return ledgerHolds(stats, rows, expected.late) && check.revisions > 0 && check.equal;
      },
    }], { rounds, progress });
    return {
      rows, equal,
      ours: { late: figure(times, 'late', rows, { workers: WORKERS }) },
      peers: {},
      ratios: { 'peak state of the heap': seen.peakStateBytes / HEAP_BYTES },
      required: { 'peak state of the heap': { atMost: STATE_SHARE } },
      notes: { keys, openGroups: Math.min(ACCEPT_MS / WINDOW_MS, rows / keys / 2) * keys, tooLate: expected.late, revisions: seen.revisions, peakStateBytes: seen.peakStateBytes, heapBytes: HEAP_BYTES },
    };
  } finally {
    await engine.close();
  }
}

const ledgerHolds = ({ sources: [source] }, rows, late) =>
  source.read === rows && source.late === late && source.applied === rows - late && source.filtered === 0 && source.deadLettered === 0;

async function changelog(engine, table, batchRows) {
  const result = new ResultColumns(['key', 'windowStart', 'version', 'count', 'sum']);
  const stats = await stream(arrow(table), Row)
    .eventTime('at')
    .groupBy('key')
    .window(tumbling(WINDOW_MS))
    .aggregate(row => ({ count: count(), sum: sum(row.value) }))
    .late({ accept: ACCEPT_MS })
    .to(callback(batch => result.add(batch)))
    .run({ engine, batchRows });
  return { result, stats };
}
