import { createEngine } from 'millrace';
import { down, status, up } from '../../test/services/lifecycle.mjs';
import { figure, interleave, speedup } from '../harness.mjs';
import { openCassandra } from './sinks-cassandra.mjs';
import { openPostgres } from './sinks-postgres.mjs';
import { resultRows } from './sinks-rows.mjs';

const ROWS = 100_000;
/** Cassandra gets fewer: a statement for each takes its time. */
const CASSANDRA_SHARE = 8;
const SMALL = 4000;
/** Of servers the first runs are slow, too, but not dozens. */
const WARM_UP = { leastRounds: 2, mostRounds: 3, ms: 15_000 };

/** Upserts into each store: half of them new rows, half newer versions; against what is fastest with the driver alone. */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL : Math.ceil(rows / 16) * 16;
  const started = [];
  const address = async name => {
    progress(`starting ${name}`);
    if ((await status(name))?.health !== 'up') started.push(name);
    return (await up(name)).address;
  };
  const engine = createEngine({ workers: 1, heap: '256MiB' });
  const input = resultRows(rows), fewer = resultRows(rows / CASSANDRA_SHARE);
  const toPostgres = await openPostgres(await address('postgres'), input, engine);
  const toCassandra = await openCassandra(await address('cassandra'), fewer, engine);
  try {
    const { times, equal } = await interleave([
      { name: 'ours, PostgreSQL', run: toPostgres.ours, check: toPostgres.check },
      { name: 'COPY', run: toPostgres.copy, check: toPostgres.check },
      { name: 'unnest', run: toPostgres.unnest, check: toPostgres.check },
      { name: 'ours, Cassandra', run: toCassandra.ours, check: toCassandra.check },
      { name: 'executeConcurrent', run: toCassandra.driver, check: toCassandra.check },
    ], { rounds, progress, warmUp: WARM_UP });
    const fastest = ['COPY', 'unnest'].reduce((a, b) => (speedup(times, a, b) >= 1 ? a : b));
    return {
      rows, equal,
      ours: { PostgreSQL: figure(times, 'ours, PostgreSQL', rows), Cassandra: figure(times, 'ours, Cassandra', fewer.rows) },
      peers: { 'pg, COPY': figure(times, 'COPY', rows), 'pg, unnest': figure(times, 'unnest', rows), 'cassandra-driver': figure(times, 'executeConcurrent', fewer.rows) },
      ratios: { 'driver, PostgreSQL': speedup(times, 'ours, PostgreSQL', fastest), 'driver, Cassandra': speedup(times, 'ours, Cassandra', 'executeConcurrent') },
      required: { 'driver, PostgreSQL': { atLeast: 0.8 }, 'driver, Cassandra': { atLeast: 0.8 } },
      notes: { fastest, rowsToCassandra: fewer.rows },
    };
  } finally {
    await toPostgres.close();
    await toCassandra.close();
    await engine.close();
    for (const name of started) await down(name);
  }
}
