/** Numbers as people read them. All functions accept any finite number and never throw. */

/** 1,234,567 — exact, for summaries. */
export const formatExact = (count: number): string => Math.round(count).toLocaleString('en-US');

/** 999, 12.3 k, 1.23 M, 45.6 G — three digits, for the progress line. */
export const formatCount = (count: number): string => scaled(count, 1000, ['', ' k', ' M', ' G', ' T']);

/** 512 B, 1.50 KiB, 4.00 GiB. */
export const formatBytes = (bytes: number): string => scaled(bytes, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);

/** 0 ms, 850 ms, 12.3 s, 3 min 20 s, 2 h 05 min, 3 d 04 h. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(minutes, 60, 'h', 'min');
  return pair(Math.round(minutes / 60), 24, 'd', 'h');
}

/** `fraction` of 1 as a whole percentage; 100 % only when all is done. */
export const formatPercent = (fraction: number): string =>
  `${fraction >= 1 ? 100 : Math.min(99, Math.max(0, Math.floor(fraction * 100)))} %`;

function scaled(value: number, step: number, units: readonly string[]): string {
  let size = Math.abs(value);
  let unit = 0;
  // 999.5 would round to a fourth digit, so it already belongs to the next unit.
  while (size >= Math.min(step, 999.5) && unit < units.length - 1) {
    size /= step;
    unit++;
  }
  const text = unit === 0 ? String(Math.round(size)) : size.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  return `${value < 0 ? '-' : ''}${text}${units[unit]}`;
}

const pair = (count: number, per: number, large: string, small: string): string =>
  `${Math.floor(count / per)} ${large} ${String(count % per).padStart(2, '0')} ${small}`;
