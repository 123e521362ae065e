import { figure, interleave, speedup } from '../harness.mjs';
import { minutesFromLines, minutesFromTables } from './campaigns-js.mjs';
import { logsInMemory } from './campaigns-logs.mjs';
import { openOurs } from './campaigns-ours.mjs';

const EVENTS = 2_000_000;
const SMALL_EVENTS = 20_000;
const WORKERS = 2;
/** A run takes seconds, and for a dozen of them V8 goes on compiling for a job of so many stages. */
const WARM_UP = { leastRounds: 2, mostRounds: 20, ms: 60_000 };

/**
 * The whole job of examples/ad-campaigns in memory: from JSON lines, or Arrow tables, to the last version of every campaign's every minute.
 * Against the same job in plain JavaScript over the same bytes, with JSON.parse and Maps, in one thread. All answers must be equal.
 */
export async function bench({ rows: events = EVENTS, small, rounds, progress }) {
  progress('making logs');
  const logs = logsInMemory(small ? SMALL_EVENTS : events);
  const [byLines, byTables] = [minutesFromLines(logs.lines), minutesFromTables(logs.tables)];
  const rows = logs.rows;
  const ours = await openOurs(logs, WORKERS);
  const ourCase = (name, run, reference) => ({ name, run, check: ({ rows: campaigns, stats }) => sameMinutes(campaigns, byLines.campaigns) && accounted(stats, reference) });
  const peerCase = (name, run) => ({ name, run, check: day => sameMinutes(day.campaigns, byLines.campaigns) });
  try {
    const { times, equal } = await interleave([
      ourCase('JSON lines', ours.fromLines, byLines),
      peerCase('plain JavaScript, JSON lines', async () => minutesFromLines(logs.lines)),
      ourCase('Arrow tables', ours.fromTables, byTables),
      peerCase('plain JavaScript, Arrow tables', async () => minutesFromTables(logs.tables)),
    ], { rounds, progress, warmUp: WARM_UP });
    return {
      rows, equal,
      ours: { 'JSON lines': figure(times, 'JSON lines', rows, { workers: WORKERS }), 'Arrow tables': figure(times, 'Arrow tables', rows, { workers: WORKERS }) },
      peers: {
        'plain JavaScript, JSON lines': figure(times, 'plain JavaScript, JSON lines', rows, { threads: 1 }),
        'plain JavaScript, Arrow tables': figure(times, 'plain JavaScript, Arrow tables', rows, { threads: 1 }),
      },
      ratios: { plainJs: speedup(times, 'JSON lines', 'plain JavaScript, JSON lines'), plainJsColumns: speedup(times, 'Arrow tables', 'plain JavaScript, Arrow tables') },
      required: { plainJs: { atLeast: 2 }, plainJsColumns: { atLeast: 5 } },
      notes: { late: byLines.late, unreadable: byLines.bad, minutes: [...byLines.campaigns.values()].reduce((sum, minutes) => sum + minutes.size, 0) },
    };
  } finally {
    await ours.close();
  }
}

/** Both: campaign → minute → { served, views, clicks }. */
export const sameMinutes = (ours, reference) =>
  ours.size === reference.size && [...reference].every(([campaign, minutes]) => {
    const found = ours.get(campaign);
    return found?.size === minutes.size && [...minutes].every(([number, { served, views, clicks }]) => {
      const row = found.get(number);
      return row !== undefined && Number(row.served) === served && Number(row.views) === views && Number(row.clicks) === clicks;
    });
  });

/** Late and unreadable rows are as many as plain JavaScript found. */
const accounted = ({ sources }, { late, bad }) =>
  sources.reduce((sum, source) => sum + source.late, 0) === late && sources.reduce((sum, source) => sum + source.deadLettered, 0) === bad;
