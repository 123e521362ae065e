import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { duckdbVersion } from './peers/duckdb.mjs';

export const median = numbers => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * All cases are run before timing begins, as often as this allows: V8 compiles and recompiles hot code for the first dozens of runs, on
 * threads that compete with the workers. `ms` is shared out evenly, so that a slow peer does not use up what others need; a case that is
 * compiled code from the start may say that a few rounds are enough (`mostWarmUps`).
 */
const WARM_UP = { leastRounds: 2, mostRounds: 40, ms: 30_000 };
/** Where the engine has done jobs of the kind before. */
export const WARM_ALREADY = { leastRounds: 2, mostRounds: 20, ms: 6000 };

/**
 * Times the cases in turn, round after round (ours, peer, ours, peer …), so that what else the machine does meets all of them alike.
 * `prepare` is not timed; `run` is, and must be complete when its promise settles; `check` is not timed and says whether the answer of this very
 * run is right; of the warm-up only the first round is checked. With a single round nobody looks at the times, and there is no warm-up.
 */
export async function interleave(cases, { rounds, warmUp = WARM_UP, progress = () => {} }) {
  const times = new Map(cases.map(({ name }) => [name, []]));
  let equal = true;
  const once = async ({ name, prepare, run, check }, checked) => {
    await prepare?.();
    const begun = performance.now();
    const answer = await run();
    const elapsed = performance.now() - begun;
    if (checked && check && !(await check(answer))) {
      equal = false;
      progress(`${name}: the answer is wrong`);
    }
    return elapsed;
  };
  const { leastRounds, mostRounds, ms } = warmUp;
  const left = new Map(cases.map(({ name }) => [name, ms / cases.length]));
  for (let done = 0; rounds > 1 && done < mostRounds; done++) {
    const cold = cases.filter(({ name, mostWarmUps = mostRounds }) => done < Math.min(leastRounds, mostWarmUps) || (done < mostWarmUps && left.get(name) > 0));
    if (cold.length === 0) break;
    for (const one of cold) left.set(one.name, left.get(one.name) - await once(one, done === 0));
    progress(`warm-up ${done + 1}`);
  }
  for (let done = 0; done < rounds; done++) {
    for (const one of cases) times.get(one.name).push(await once(one, true));
    progress(`round ${done + 1} of ${rounds}`);
  }
  return { times, equal };
}

/**
 * How many times faster `name` is than `peer`: the median of the rounds' ratios. Two runs of one round were neighbours in time; two
 * medians may be minutes apart, and on a shared machine that shows.
 */
export const speedup = (times, name, peer) => median(times.get(peer).map((ms, round) => ms / times.get(name)[round]));

/** What the report says of one case. */
export function figure(times, name, rows, extra = {}) {
  const all = times.get(name);
  const ms = median(all);
  return { ms: round2(ms), fastestMs: round2(Math.min(...all)), slowestMs: round2(Math.max(...all)), rowsPerSecond: Math.round(rows / ms * 1000), ...extra };
}
const round2 = value => Math.round(value * 100) / 100;

/** `required`: name of a ratio → { atLeast } or { atMost }. */
export const missed = (ratios, required) =>
  Object.entries(required).filter(([name, { atLeast = -Infinity, atMost = Infinity }]) => !(ratios[name] >= atLeast && ratios[name] <= atMost)).map(([name]) => name);

export const environment = () => ({
  node: process.version, platform: `${process.platform} ${process.arch}`, cpu: cpus()[0]?.model ?? 'unknown',
  processors: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), loadAtStart: Math.round(loadavg()[0] * 100) / 100, duckdb: duckdbVersion,
});

/** Lines of text, first column to the left, the others to the right. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => String(row[column]).length)));
  return rows.map(row => row.map((cell, i) => (i ? String(cell).padStart(widths[i]) : String(cell).padEnd(widths[i]))).join('   ').trimEnd()).join('\n');
}

/** The report as a person reads it. */
export function render(report) {
  const shares = Object.values(report.ours).some(({ cores }) => cores) ? ['broker', 'client'] : [];
  const line = ([name, figure]) => [name, `${figure.ms} ms`, figure.rowsPerSecond < 1e5 ? `${(figure.rowsPerSecond / 1e3).toFixed(1)} k rows/s` : `${(figure.rowsPerSecond / 1e6).toFixed(1)} M rows/s`,
    ...shares.map(who => Number.isFinite(figure.cores[who]) ? `${figure.cores[who].toFixed(2)} cores` : '?')];
  const bound = ({ atLeast, atMost } = {}) => (atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : '');
  const failed = missed(report.ratios, report.required);
  return [
    `${report.name}: ${report.rows.toLocaleString('en')} rows, median of ${report.rounds}`,
    table([['', 'time', 'speed', ...shares], ...Object.entries(report.ours).map(line), ...Object.entries(report.peers).map(line)]),
    table([['', 'value', 'required', ''], ...Object.entries(report.ratios).map(([name, value]) => [name, value, bound(report.required[name]), failed.includes(name) ? 'MISSED' : ''])]),
    `results equal: ${report.equal ? 'yes' : 'NO'}`,
  ].join('\n\n');
}
