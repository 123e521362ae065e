import type { JobStats, SourceStats } from '../coordinator/job-types.js';
import { formatCount, formatDuration, formatPercent } from './format.js';

const BAR_WIDTH = 24;
const MIN_BAR_WIDTH = 8;

/** How fast rows come and how fast the input is used up, each per ms; null until it is known. */
export interface Pace {
  readonly rowsPerMs: number | null;
  readonly fractionPerMs: number | null;
}

/** A source that is used in several places counts once. */
export const rowsRead = (stats: JobStats): number => stats.sources.reduce((sum, { read, again }) => (again ? sum : sum + read), 0);

/**
 * The part of the input that has been read, 0…1, or null unless every source knows its length. Sources that count in one unit are
 * summed; where units differ each source weighs the same.
 */
export function fractionDone(sources: readonly SourceStats[]): number | null {
  const parts = sources.map(source => source.progress);
  if (parts.length === 0) return null;
  let done = 0, total = 0, fractions = 0;
  for (const part of parts) {
    if (part === null || part.total === null) return null;
    done += part.done;
    total += part.total;
    fractions += ratio(part.done, part.total);
  }
  const oneUnit = new Set(parts.map(part => part?.unit)).size === 1;
  return oneUnit ? ratio(done, total) : fractions / parts.length;
}
/** An empty input is done; a file that grows while it is read is at most that. */
const ratio = (done: number, total: number): number => total <= 0 ? 1 : Math.min(1, done / total);

/** One line of at most `columns - 1` characters (the last column would wrap on some terminals). */
export function progressText(stats: JobStats, pace: Pace, columns: number): string {
  const facts = [`${formatCount(rowsRead(stats))} rows`];
  facts.push(pace.rowsPerMs === null ? '- rows/s' : `${formatCount(pace.rowsPerMs * 1000)} rows/s`);
  if (stats.watermarkLagMs !== null) facts.push(`lag ${formatDuration(stats.watermarkLagMs)}`);
  const fraction = fractionDone(stats.sources);
  if (fraction === null) facts.push(formatDuration(stats.elapsedMs));
  else facts.push(`ETA ${remaining(fraction, pace)}`);
  return fit(facts, fraction, columns - 1);
}

const remaining = (fraction: number, { fractionPerMs }: Pace): string => {
  if (fraction >= 1) return formatDuration(0);
  return fractionPerMs === null || fractionPerMs <= 0 ? '-' : formatDuration((1 - fraction) / fractionPerMs);
};

/** The bar gives way first, then the bar altogether, then the facts from the right. */
function fit(facts: readonly string[], fraction: number | null, width: number): string {
  const text = facts.join('  ');
  if (fraction === null) return text.slice(0, width);
  const percent = formatPercent(fraction).padStart(5);
  const room = width - percent.length - text.length - 5;
  if (room < MIN_BAR_WIDTH) return `${percent}  ${text}`.slice(0, width);
  return `${percent} [${bar(fraction, Math.min(BAR_WIDTH, room))}]  ${text}`;
}

function bar(fraction: number, width: number): string {
  const filled = Math.floor(fraction * width);
  return filled >= width ? '='.repeat(width) : `${'='.repeat(filled)}>`.padEnd(width);
}
