const UNITS_US: readonly (readonly [string, number])[] = [['d', 86_400e6], ['h', 3600e6], ['m', 60e6], ['s', 1e6], ['ms', 1e3], ['us', 1]];

/** A length of time in the largest units that say it exactly: `1h 30m`. */
export function formatTime(amount: number, unit: 'ms' | 'us'): string {
  let rest = unit === 'ms' ? amount * 1000 : amount;
  const parts: string[] = [];
  for (const [name, size] of UNITS_US) {
    const whole = Math.floor(rest / size);
    if (whole > 0) parts.push(`${whole}${name}`);
    rest -= whole * size;
  }
  return parts.join(' ') || '0s';
}
