/** What the demonstration prints. */
export const blank = () => process.stderr.isTTY && process.stderr.write('\r\x1b[K');
export const progress = text => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);

export const QUESTION = "SELECT extract(hour FROM minute) AS hour, sum(views) AS views FROM campaign_minutes WHERE campaign = 'burger-barn' AND NOT deleted GROUP BY 1 ORDER BY 2 DESC LIMIT 5";

const text = value => (value === null ? '' : typeof value === 'number' || typeof value === 'bigint' ? value.toLocaleString('en') : value instanceof Date ? value.toISOString() : String(value));

/** Rows as a table, the first column to the left. */
export function showTable(title, rows) {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map(row => names.map(name => text(row[name])))];
  const widths = names.map((_, i) => Math.max(...lines.map(line => line[i].length)));
  console.log(`${title}\n\n${lines.map(line => `  ${line.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('   ')}`).join('\n')}\n`);
}

/** Where every row went. */
export function showLedger(stats, { minutes, paths, shown }) {
  const name = source => /\b(served|views|clicks)\b/.exec(source.name)?.[1] ?? source.name;
  showTable('What became of the rows:', stats.sources.map(source => ({
    log: name(source), read: source.read, 'bots and repeated': source.filtered, counted: source.applied, late: source.late, unreadable: source.deadLettered,
  })));
  const seconds = stats.elapsedMs / 1000, read = stats.sources.reduce((sum, source) => sum + source.read, 0);
  console.log([
    `The table has ${minutes.toLocaleString('en')} minutes of campaigns; ${(stats.emitted - minutes).toLocaleString('en')} times one was revised, as more of its ads were seen.`,
    `Late rows are in ${shown(paths.late)}, what could not be read in ${shown(paths.unread)}, each with the reason.`,
    `${seconds.toFixed(1)} s with ${stats.workers} workers, ${Math.round(read / seconds).toLocaleString('en')} events/s from logs to table.`,
  ].join('\n'));
}
