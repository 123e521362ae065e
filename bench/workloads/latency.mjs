import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { callback, count, schema, stream, sum, t, tumbling } from 'millrace';
import { figure, interleave, median } from '../harness.mjs';
import { openEngine } from '../ours.mjs';
import { EmissionCheck, fillTable, WINDOW_MS } from './latency-rows.mjs';

const KEYS = 1000;
const WORKERS = 2;
/**
 * A million rows per second of event time, as in `windows`. The first `leadIn` windows, more than a second, are replayed by the same
 * schedule and checked, but their latency is not counted: that of a stream is that of a job which runs, and not of its start.
 */
const STREAM = { windows: 1500, leadIn: 700, perMs: 1000, batchRows: 16_384 };
const SMALL_STREAM = { windows: 40, leadIn: 5, perMs: 20, batchRows: 500 };
const LEAST_CLOSINGS = 1000;
/** The closed loop has warmed what both have. */
const WARM_BY_NOW = { leastRounds: 1, mostRounds: 1, ms: 0 };
const SHARE_OF_MAXIMUM = 0.5;
const P99_MS = 20;

/** What a check leaves behind is not to be collected in the run after it, on the thread that is measured. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const Row = schema({ key: t.int64, value: t.int32, at: t.timestamp });

/**
 * How long it takes from the arrival of the row that closes a window to the emission of the window's last result. First the rows per
 * second that the engine can take are measured, the median of warm runs; then the same batches are replayed at half that rate by a schedule
 * that does not wait for the engine: where the engine, or the source, falls behind, the row has still arrived when the schedule says so.
 */
export async function bench({ rows, small, rounds, progress }) {
  const shape = small ? SMALL_STREAM : STREAM;
  const windowRows = shape.perMs * WINDOW_MS;
  const total = small ? shape.windows * windowRows : rows ?? shape.windows * windowRows;
  const engine = openEngine(WORKERS);
  try {
    progress('making rows');
    const table = engine.table(Row);
    const expected = fillTable(table, total, { keys: KEYS, ...shape });
    const columns = new StampedColumns(expected.windows * KEYS);
    const check = ({ result, stats }) => {
      const { equal } = result.check(expected);
      result.clear();
      collectGarbage();
      return equal && stats.sources[0].applied === total;
    };

    const closed = await interleave([{ name: 'maximum', run: () => windows(engine, table.source(), columns), check }], { rounds, progress: message => progress(`maximum: ${message}`) });
    const rowsPerMs = SHARE_OF_MAXIMUM * total / median(closed.times.get('maximum'));

    let latencies = [];
    const open = await interleave([{
      name: 'replay', run: () => replay(engine, table, { batchRows: shape.batchRows, rows: total, rowsPerMs }, columns), check: answer => {
        const { emittedAt } = answer.result.check(expected);
        const all = emittedAt.subarray(0, expected.windows - 1).map((ms, window) => ms - answer.source.startedAt - (window + 1) * windowRows / rowsPerMs);
        latencies.push([...all.subarray(shape.leadIn)]);
        return check(answer);
      },
    }], { rounds, warmUp: WARM_BY_NOW, progress: message => progress(`replay: ${message}`) });
    // That of the warm-up came first.
    latencies = latencies.slice(-rounds).flat().sort((a, b) => a - b);
    if (!small && latencies.length < LEAST_CLOSINGS) throw new Error(`${latencies.length} windows closed after the lead-in: give more rows`);
    const percentile = share => latencies[Math.ceil(share * latencies.length) - 1];
    return {
      rows: total, equal: closed.equal && open.equal,
      ours: { 'as fast as it can': figure(closed.times, 'maximum', total, { workers: WORKERS }), 'replay by schedule': figure(open.times, 'replay', total, { workers: WORKERS }) },
      peers: {},
      ratios: { 'p50 ms': percentile(0.5), 'p99 ms': percentile(0.99), 'p99.9 ms': percentile(0.999), 'slowest ms': latencies.at(-1) },
      required: { 'p99 ms': { atMost: P99_MS } },
      notes: { keys: KEYS, closings: latencies.length, leadInWindowsOfARound: shape.leadIn, maximumRowsPerSecond: Math.round(rowsPerMs / SHARE_OF_MAXIMUM * 1000), replayedRowsPerSecond: Math.round(rowsPerMs * 1000) },
    };
  } finally {
    await engine.close();
  }
}

async function windows(engine, source, result) {
  result.clear();
  const stats = await stream(source, Row)
    .eventTime('at')
    .groupBy('key')
    .window(tumbling(WINDOW_MS))
    .aggregate(row => ({ count: count(), sum: sum(row.value) }))
    .to(callback(batch => result.add(batch)))
    .run({ engine });
  return { result, stats };
}

async function replay(engine, table, { batchRows, rows, rowsPerMs }, result) {
  const source = new ScheduledSource(table.source(), batchRows, rows, rowsPerMs);
  return { ...await windows(engine, source, result), source };
}

/** A table's batches, each as soon as the schedule has its last row arrive: however long the one before has waited to be taken. */
class ScheduledSource {
  name = 'schedule';
  bounded = true;
  dictionaries = true;
  startedAt = NaN;
  constructor(source, batchRows, rows, rowsPerMs) {
    Object.assign(this, { source, batchRows, rows, rowsPerMs });
  }
  async read(context) {
    const reader = await this.source.read(context);
    let arrived = 0;
    return {
      next: async () => {
        if (arrived === 0) this.startedAt = performance.now();
        arrived = Math.min(arrived + this.batchRows, this.rows);
        for (let wait; (wait = this.startedAt + arrived / this.rowsPerMs - performance.now()) > 0;) await new Promise(resolve => setTimeout(resolve, wait));
        return reader.next();
      },
      close: () => reader.close(),
    };
  }
}

/**
 * All results, copied as they come into arrays that are there before, with the time at which each batch came. Arrays made for every batch
 * would have the garbage collector stop this thread, which is also the coordinator's, for 30 ms every half a second.
 */
class StampedColumns {
  constructor(groups) {
    this.clear();
    this.columns = ['key', 'windowStart', 'count', 'sum'].map(name => ({ name, values: new BigInt64Array(groups).fill(0n) }));
  }
  clear() {
    this.rows = 0;
    this.batches = [];
    this.checked = null;
  }
  add(batch) {
    // More groups than there are: counted, and found by the check.
    if (this.rows + batch.rows <= this.columns[0].values.length) for (const { name, values } of this.columns) values.set(batch.values(name), this.rows);
    this.rows += batch.rows;
    this.batches.push({ until: this.rows, atMs: performance.now() });
  }
  check(expected) {
    return (this.checked ??= this.checkAll(new EmissionCheck(expected)));
  }
  checkAll(check) {
    const [key, start, count, sum] = this.columns.map(({ values }) => values);
    const words = new Int32Array(key.buffer);
    if (this.rows > key.length) check.wrong++;
    let row = 0;
    for (const { until, atMs } of this.batches) {
      for (; row < until; row++) check.add(words[row * 2], words[row * 2 + 1], Number(start[row]), Number(count[row]), Number(sum[row]), atMs);
    }
    return check;
  }
}
