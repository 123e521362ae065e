import { createEngine } from 'millrace';
import { down, status, up } from '../../test/services/lifecycle.mjs';
import { note } from '../../test/services/runs.mjs';
import { figure, interleave, speedup } from '../harness.mjs';
import { openCassandra } from './sinks-cassandra.mjs';
import { openArrow, openLines } from './sinks-files.mjs';
import { openKafka } from './sinks-kafka.mjs';
import { openPostgres } from './sinks-postgres.mjs';
import { resultRows } from './sinks-rows.mjs';
import { openS3 } from './sinks-s3.mjs';

const ROWS = 100_000;
const SMALL = 4000;
/** `share`: of the rows. Cassandra, where each is a statement, gets fewer, and what takes less time more. */
const STORES = [
  { service: 'postgres', share: 1, open: openPostgres },
  { service: 'cassandra', share: 1 / 8, open: openCassandra },
  { service: 'kafka', share: 1, open: openKafka },
  { service: 's3', share: 2, open: openS3 },
  { service: null, share: 2, open: openLines },
  { service: null, share: 8, open: openArrow },
];
/** Of servers the first runs are slow, too, but not dozens. */
const WARM_UP = { leastRounds: 2, mostRounds: 6, ms: 6000 };
const REQUIRED = 0.8;

/** Results into each store, half of them new rows, half newer versions; against what is fastest with the driver alone. */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL : Math.ceil(rows / 16) * 16;
  note();
  const engine = createEngine({ workers: 1, heap: '256MiB' });
  const report = { rows, equal: true, ours: {}, peers: {}, ratios: {}, required: {}, notes: { rowsTo: {}, fastest: {} } };
  try {
    for (const { service, share, open } of STORES) {
      const wasUp = service === null || (await status(service))?.health === 'up';
      if (!wasUp) progress(`starting ${service}`);
      const address = service === null ? null : (await up(service)).address;
      const input = resultRows(rows * share, engine);
      const store = await open(address, input, engine);
      try {
        await compare(store.questions, input.rows, { rounds, progress, report });
      } finally {
        await store.close();
        input.results.free();
        if (!wasUp) await down(service);
      }
    }
  } finally {
    await engine.close();
  }
  return report;
}

/** Each question of a store: the sink against all of its peers, and the ratio to the fastest of these. */
async function compare(questions, rows, { rounds, progress, report }) {
  const cases = questions.flatMap(({ name, ours, peers, prepare, check }) => Object.entries({ [name]: ours, ...peers }).map(([title, run]) => ({ name: title, prepare, run, check })));
  const { times, equal } = await interleave(cases, { rounds, progress, warmUp: WARM_UP });
  report.equal &&= equal;
  for (const { name, peers } of questions) {
    const fastest = Object.keys(peers).reduce((a, b) => (speedup(times, a, b) >= 1 ? a : b));
    report.ours[name] = figure(times, name, rows);
    for (const peer of Object.keys(peers)) report.peers[peer] = figure(times, peer, rows);
    report.ratios[`driver, ${name}`] = speedup(times, name, fastest);
    report.required[`driver, ${name}`] = { atLeast: REQUIRED };
    report.notes.rowsTo[name] = rows;
    if (Object.keys(peers).length > 1) report.notes.fastest[name] = fastest;
  }
}
