import type { JobStats, SourceStats } from '../coordinator/job-types.js';
import { formatBytes, formatCount, formatDuration, formatExact } from './format.js';
import { rowsRead } from './progress-text.js';

const LEDGER = ['read', 'filtered', 'applied', 'late', 'deadLettered', 'replayed'] as const;
const HEADINGS = ['source', 'read', 'filtered', 'applied', 'late', 'dead-lettered', 'replayed'];

/** What a run did: one line, then each source's ledger. Ends with a line end. */
export function summaryText(stats: JobStats): string {
  const rows = rowsRead(stats);
  const perSecond = stats.elapsedMs > 0 ? ` (${formatCount(rows / stats.elapsedMs * 1000)} rows/s)` : '';
  const head = `${stats.state} in ${formatDuration(stats.elapsedMs)}: ${formatExact(rows)} rows read${perSecond}, `
    + `${formatExact(stats.emitted)} result rows emitted`;
  const engine = [plural(stats.workers, 'worker'), `${formatBytes(stats.peakStateBytes)} of window state at the peak`];
  if (stats.partitioner !== null) engine.push(`partitioner ${stats.partitioner}`);
  return `${head}\n${sinks(stats)}${table(stats.sources)}  ${engine.join(', ')}\n`;
}

/** How many rows went to each sink, where there are several. The stats of a job of an earlier version do not say. */
function sinks({ outputs = [] }: Partial<JobStats>): string {
  return outputs.length < 2 ? '' : outputs.map(({ name, emitted }) => `  ${formatExact(emitted)} to ${name}\n`).join('');
}

export const deadLettered = (stats: JobStats): number => stats.sources.reduce((sum, source) => sum + source.deadLettered, 0);

export const plural = (count: number, noun: string): string => `${formatExact(count)} ${noun}${count === 1 ? '' : 's'}`;

function table(sources: readonly SourceStats[]): string {
  // Few jobs take up where an earlier run was.
  const shown = sources.some(({ replayed }) => replayed > 0) ? LEDGER : LEDGER.slice(0, -1);
  const headings = HEADINGS.slice(0, shown.length + 1);
  const lines = [headings, ...sources.map(source => [source.name, ...shown.map(entry => formatExact(source[entry]))])];
  const widths = headings.map((_, column) => Math.max(...lines.map(line => line[column]!.length)));
  return lines.map(line => {
    const cells = line.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!));
    return `  ${cells.join('  ')}\n`;
  }).join('');
}

/** One line of JSON. bigint watermarks become strings of digits: JSON's numbers are exact only up to 2^53. */
export const statsJson = (stats: Partial<JobStats>, error: { code: string | null; message: string } | null): string =>
  `${JSON.stringify({ ...stats, error }, (_, value: unknown) => typeof value === 'bigint' ? String(value) : value)}\n`;
