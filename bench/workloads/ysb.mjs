import { figure, interleave, speedup } from '../harness.mjs';
import { openRoofline } from '../peers/roofline.mjs';
import { viewsPerCampaign } from '../peers/plain-js.mjs';
import { EVENT_BYTES, SPARSE, campaignOfAd, fillEvents, lateRows } from './ysb-events.mjs';
import { openDuckdbYsb } from './ysb-duckdb.mjs';
import { openOurs } from './ysb-ours.mjs';

/** Starting and ending a job takes 4 ms, which are to be lost in it; the columns lie in five places, 1.4 GB in each. */
const ROWS = 128_000_000;
const SMALL_ROWS = 300_000;
const WORKERS = 2;
/** Runs are short, and one says little. */
const MORE_ROUNDS = 5;
/** After a hundred jobs V8 still compiles some function anew in every second one, for 10 ms and more, and the two cores have no third for that. */
const WARM_UP = { leastRounds: 2, mostRounds: 250, ms: 200_000 };
/** What is compiled before it runs. */
const COMPILED = { mostWarmUps: 10 };

/**
 * Keeps `view` events, looks up the campaign of their ad, counts per campaign and 10 s of event time. The events lie in memory as
 * columns; the same values in four places: the engine's heap, a SharedArrayBuffer, private Arrow tables, a table of DuckDB.
 *
 * Late rows: DuckDB's table holds exactly the rows that our rule does not call late. They were left out when it was loaded, so that
 * its query has nothing to do for them; plain JavaScript decides about each row itself, and all answers must be equal.
 */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL_ROWS : rows;
  rounds = small ? rounds : MORE_ROUNDS * rounds;
  progress('making events');
  const { memory, columns } = sharedColumns(rows);
  fillEvents(columns, small ? SPARSE : undefined);
  const campaigns = campaignOfAd();
  const reference = viewsPerCampaign(columns, campaigns);
  const same = answer => sameCounts(answer.windows, reference.windows);

  progress('loading DuckDB');
  const duckdb = await openDuckdbYsb(columns, campaigns, lateRows(columns.at), WORKERS);
  progress('building columns');
  const ours = await openOurs(columns, campaigns, WORKERS);
  const oneWorker = await openOurs(columns, campaigns, 1, { heapOnly: true });
  const roofline = await openRoofline(memory, Object.values(columns), WORKERS);
  const rooflineOfOne = await openRoofline(memory, Object.values(columns), 1);
  const accounted = ({ stats }) => ledgerHolds(stats, rows, reference.late);
  const ourCase = (name, run) => ({ name, run, check: async answer => accounted(answer) && same(ours.read(answer)) });
  try {
    const { times, equal } = await interleave([
      { name: 'DuckDB', run: duckdb.run, check: async answer => same(await duckdb.read(answer)), ...COMPILED },
      ourCase('columns in the heap', ours.fromHeap),
      ourCase('columns in the heap, 1 worker', oneWorker.fromHeap),
      ourCase('own SharedArrayBuffer', ours.fromShared),
      ourCase('private Arrow tables', ours.fromPrivate),
      { name: 'plain JavaScript, 1 thread', run: async () => viewsPerCampaign(columns, campaigns), check: same },
      { name: 'sum of the columns', run: roofline.pass, ...COMPILED },
      { name: 'sum of the columns, 1 thread', run: rooflineOfOne.pass, ...COMPILED },
      { name: 'arithmetic', run: roofline.arithmetic, ...COMPILED },
      { name: 'arithmetic, 1 thread', run: rooflineOfOne.arithmetic, ...COMPILED },
    ], { rounds, warmUp: WARM_UP, progress });
    const heap = 'columns in the heap';
    return {
      rows, rounds, equal,
      ours: {
        [heap]: figure(times, heap, rows, { workers: WORKERS }),
        [`${heap}, 1 worker`]: figure(times, `${heap}, 1 worker`, rows, { workers: 1 }),
        'own SharedArrayBuffer': figure(times, 'own SharedArrayBuffer', rows, { workers: WORKERS }),
        'private Arrow tables': figure(times, 'private Arrow tables', rows, { workers: WORKERS }),
      },
      peers: {
        DuckDB: figure(times, 'DuckDB', rows, { threads: WORKERS }),
        'plain JavaScript, 1 thread': figure(times, 'plain JavaScript, 1 thread', rows, { threads: 1 }),
        'sum of the columns': figure(times, 'sum of the columns', rows, { threads: WORKERS, bytesPerRow: EVENT_BYTES }),
        'sum of the columns, 1 thread': figure(times, 'sum of the columns, 1 thread', rows, { threads: 1, bytesPerRow: EVENT_BYTES }),
      },
      ratios: {
        duckdb: speedup(times, heap, 'DuckDB'),
        scaling: speedup(times, heap, `${heap}, 1 worker`),
        roofline: speedup(times, heap, 'sum of the columns'),
        rooflineScaling: speedup(times, 'sum of the columns', 'sum of the columns, 1 thread'),
        arithmeticScaling: speedup(times, 'arithmetic', 'arithmetic, 1 thread'),
        duckdbShared: speedup(times, 'own SharedArrayBuffer', 'DuckDB'),
        duckdbPrivate: speedup(times, 'private Arrow tables', 'DuckDB'),
        plainJs: speedup(times, heap, 'plain JavaScript, 1 thread'),
      },
      required: { duckdb: { atLeast: 2 }, scaling: { atLeast: 1.7 } },
      notes: { lateViews: reference.late, windows: reference.windows.size },
    };
  } finally {
    await Promise.all([ours.close(), oneWorker.close(), roofline.close(), rooflineOfOne.close()]);
    duckdb.close();
  }
}

/** The three columns over one shared memory: its buffer is the user's own SharedArrayBuffer. */
function sharedColumns(rows) {
  const pages = Math.ceil((rows * EVENT_BYTES + 64) / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const at = new BigInt64Array(memory.buffer, 0, rows);
  const adId = new Int16Array(memory.buffer, rows * 8, rows);
  const eventType = new Int8Array(memory.buffer, rows * 10, rows);
  return { memory, columns: { adId, eventType, at } };
}

/** Both: window start in ms → counts per campaign, a campaign without views being 0. */
const sameCounts = (left, right) =>
  left.size === right.size && [...right].every(([start, counts]) => left.get(start)?.every((count, campaign) => count === counts[campaign]));

/** Every row is accounted for, and those called late are as many as plain JavaScript found. */
const ledgerHolds = ({ sources: [source] }, rows, late) =>
  source.read === rows && source.late === late && source.deadLettered === 0 && source.filtered + source.applied + source.late === rows;
