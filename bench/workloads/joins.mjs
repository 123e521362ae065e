import { figure, interleave, speedup } from '../harness.mjs';
import { openDuckdbJoin } from './joins-duckdb.mjs';
import { openOurs } from './joins-ours.mjs';
import { LIVE, makeAds, makeEvents, matchesOf, totals } from './joins-rows.mjs';

const ROWS = 10_000_000;
const SMALL_ROWS = 100_000;
const WORKERS = 2;
const CLICKS_PER_AD = 0.3;
/** Key, time and value: what a live row has to keep whatever the engine. */
const OWN_BYTES = 24;

/**
 * Questions about joins by time. Ads and as many views, each view within a second of its ad, 1 M ads within reach at any time: all
 * pairs, against DuckDB's join of the same rows; the same pairs as of event time, the ads as a table that changes. And ads with their views and their clicks, in one operator against two joins in a chain. Each
 * gives one row, the number of combinations and the sums over them, which is compared with what the rule says.
 */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL_ROWS : rows;
  const live = Math.min(LIVE, Math.ceil(rows / 10));
  progress('making rows');
  const ads = makeAds(rows, live), views = makeEvents(rows, 1, live, 5), clicks = makeEvents(rows, CLICKS_PER_AD, live, 6);
  const [viewsOf, clicksOf] = [matchesOf(ads, views), matchesOf(ads, clicks)];
  const expected = { interval: totals(ads, viewsOf), all: totals(ads, viewsOf, clicksOf) };
  const same = (answer, wanted) => answer.length === wanted.length && answer.every((value, i) => value === wanted[i]);

  progress('loading DuckDB');
  const duckdb = await openDuckdbJoin(ads, views, WORKERS);
  progress('building columns');
  const ours = await openOurs({ ads, views, clicks }, WORKERS);
  const accounted = ({ sources }) => sources.every(({ read, applied, filtered }) => read === applied + filtered && read > 0);
  const ourCase = (name, run, wanted) => ({ name, run, check: ({ answer, stats }) => accounted(stats) && same(answer, wanted) });
  try {
    progress('measuring state');
    const kept = await stateOfLiveRows(live);
    const { times, equal } = await interleave([
      ourCase('interval join', ours.interval, expected.interval),
      { name: 'DuckDB', run: duckdb.run, check: async result => same(await duckdb.read(result), expected.interval) },
      ourCase('as of', ours.asOf, expected.interval),
      ourCase('three in one', ours.inOne, expected.all),
      ourCase('two in a chain', ours.chained, expected.all),
    ], { rounds, progress });
    const two = rows + views.rows, three = two + clicks.rows;
    return {
      rows: two, equal,
      ours: {
        'interval join': figure(times, 'interval join', two, { workers: WORKERS }),
        'as of': figure(times, 'as of', two, { workers: WORKERS }),
        'three in one': figure(times, 'three in one', three, { workers: WORKERS }),
        'two in a chain': figure(times, 'two in a chain', three, { workers: WORKERS }),
      },
      peers: { DuckDB: figure(times, 'DuckDB', two, { threads: WORKERS }) },
      ratios: {
        duckdb: speedup(times, 'interval join', 'DuckDB'),
        chained: speedup(times, 'three in one', 'two in a chain'),
        stateBytesPerLiveRow: kept.bytes / kept.rows,
      },
      required: { duckdb: { atLeast: 0.5 }, chained: { atLeast: 1.3 }, stateBytesPerLiveRow: { atMost: 64 + OWN_BYTES } },
      notes: { liveKeys: live, measuredState: kept },
    };
  } finally {
    await ours.close();
    duckdb.close();
  }
}

/** Bytes of state where all of `keys` ads and as many views are live at once. */
async function stateOfLiveRows(keys) {
  const ads = makeAds(keys, keys), views = makeEvents(keys, 1, keys, 5);
  const ours = await openOurs({ ads, views, clicks: views }, WORKERS);
  try {
    const { stats: { peakStateBytes } } = await ours.keepAll();
    return { rows: ads.rows + views.rows, bytes: peakStateBytes };
  } finally {
    await ours.close();
  }
}
