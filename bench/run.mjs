import { parseArgs } from 'node:util';
import { environment, missed, render } from './harness.mjs';

/** name → [what it asks, module]. A module is loaded only when it runs: they load the engine and the peers. */
const BENCHMARKS = {
  ysb: ['Yahoo Streaming Benchmark: views per campaign and 10 s, against DuckDB', './workloads/ysb.mjs'],
  groups: ['count and sum by an int64 key of 1 k, 100 k, 1 M and 8 M values, against DuckDB', './workloads/groups.mjs'],
  text: ['count and sum by 1 M distinct 20-byte strings, against DuckDB', './workloads/text.mjs'],
  latency: ['100 ms windows by 1,000 keys at half of the maximum rate: from the row that closes one to its last result', './workloads/latency.mjs'],
  late: ['12 hours of one-minute windows by 10,000 keys held open in 1 GiB, results revised all along', './workloads/late.mjs'],
  campaigns: ['the job of examples/ad-campaigns, from JSON lines and from Arrow tables, against plain JavaScript with Maps', './workloads/campaigns.mjs'],
  joins: ['interval join with 1 M live keys, against DuckDB; three inputs in one join, against two joins in a chain', './workloads/joins.mjs'],
  kafka: ['the question of ysb over messages of a real broker, against consumers of the client alone', './workloads/kafka.mjs'],
  sinks: ['results into PostgreSQL, Cassandra, Kafka, S3 and files, against the fastest way of their drivers; starts what does not run', './workloads/sinks.mjs'],
  windows: ['tumbling, sliding, disordered and session windows by 1,000 keys, against DuckDB and one another', './workloads/windows.mjs'],
};
const HELP = `npm run -s bench -- NAME [options]

${Object.entries(BENCHMARKS).map(([name, [title]]) => `  ${name.padEnd(9)} ${title}`).join('\n')}

  --quick    5 rounds instead of 11 (ysb: 25 of 55; kafka: 3 of 5); the rows stay
  --small    few rows, and ratios do not count: does it run, are results equal
  --rows N   another number of rows
  --json     the last line printed is one JSON object; all else goes to standard error
  --help

Exit code 1 when results differ or a ratio is missed, 2 for a wrong command line.`;

const options = { quick: { type: 'boolean' }, small: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' }, rows: { type: 'string' } };

function commandLine() {
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [name, ...more] = positionals;
    const rows = values.rows === undefined ? undefined : Number(values.rows.replaceAll('_', ''));
    if (values.help || name === undefined) return { help: true, exitCode: 0 };
    if (!Object.hasOwn(BENCHMARKS, name) || more.length > 0) throw new Error(`There is no benchmark '${positionals.join(' ')}'.`);
    if (rows !== undefined && !(Number.isSafeInteger(rows) && rows > 0)) throw new Error('--rows takes a positive number.');
    return { name, rows, quick: values.quick ?? false, small: values.small ?? false, json: values.json ?? false };
  } catch (error) {
    console.error(`${error.message}\n`);
    return { help: true, exitCode: 2 };
  }
}

const asked = commandLine();
if (asked.help) {
  console[asked.exitCode ? 'error' : 'log'](HELP);
  process.exit(asked.exitCode);
}

// Where the machine is before the benchmark makes it busy.
const where = environment();
const { bench } = await import(BENCHMARKS[asked.name][1]);
const rounds = asked.small ? 1 : asked.quick ? 5 : 11;
/** On a terminal one line that changes; elsewhere, such as in a log, a line now and then. */
let toldAt = performance.now();
const progress = message => {
  if (process.stderr.isTTY) return process.stderr.write(`\r\x1b[K${asked.name}: ${message}`);
  if (message.startsWith('\r') || performance.now() - toldAt < 5000) return;
  toldAt = performance.now();
  process.stderr.write(`${asked.name}: ${message}\n`);
};
const result = await bench({ rows: asked.rows, small: asked.small, rounds, progress });
progress('\r\x1b[K');

// A small run says nothing about speed.
const required = asked.small ? {} : result.required;
const ratios = Object.fromEntries(Object.entries(result.ratios).map(([name, value]) => [name, Math.round(value * 1000) / 1000]));
const report = { name: asked.name, rows: result.rows, rounds: result.rounds ?? rounds, ours: result.ours, peers: result.peers, ratios, required, missed: missed(ratios, required), equal: result.equal, ...result.notes, environment: where };
console[asked.json ? 'error' : 'log'](render(report));
if (asked.json) console.log(JSON.stringify(report));
process.exitCode = report.equal && report.missed.length === 0 ? 0 : 1;
