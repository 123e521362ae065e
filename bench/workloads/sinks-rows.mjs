import { schema, t } from 'millrace';
import { arrowTable } from '../arrow-tables.mjs';
import { tableInHeap } from '../ours.mjs';

/** Results as they come out of windows: each key twice, the second time with a greater version. */
export const Result = schema({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, views: t.int64, clicks: t.int64 });
const BEGIN = Date.UTC(2026, 0, 1), MINUTE_MS = 60_000, CAMPAIGNS = 1000;

/**
 * `rows` results of 1,000 campaigns, in columns; `results`: the same where a job's results lie, in the heap; `table`: the same for apache-arrow; `sums`: what a
 * store of upserts must have in the end.
 */
export function resultRows(rows, engine) {
  const keys = rows / 2;
  const names = Array.from({ length: CAMPAIGNS }, (_, i) => `campaign ${String(i).padStart(6, '0')}`);
  const numbers = Int32Array.from({ length: rows }, (_, row) => (row % keys) % CAMPAIGNS);
  const campaign = Array.from(numbers, number => names[number]);
  const time = BigInt64Array.from({ length: rows }, (_, row) => BigInt(BEGIN + Math.floor((row % keys) / CAMPAIGNS) * MINUTE_MS));
  const version = BigInt64Array.from({ length: rows }, (_, row) => BigInt(1 + Math.floor(row / keys)));
  const views = BigInt64Array.from({ length: rows }, (_, row) => BigInt(row * 7 % 10_007));
  const clicks = BigInt64Array.from({ length: rows }, (_, row) => BigInt(row % 101));
  const nameBytes = Buffer.from(campaign.join(''));
  const nameOffsets = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) nameOffsets[row + 1] = nameOffsets[row] + Buffer.byteLength(campaign[row]);
  const table = arrowTable({
    campaign: { bytes: nameBytes, offsets: nameOffsets }, windowStart: { values: time, type: 'timestamp' },
    version: { values: version, type: 'int64' }, views: { values: views, type: 'int64' }, clicks: { values: clicks, type: 'int64' },
  });
  const results = tableInHeap(engine, Result, { campaign: { numbers, texts: names }, windowStart: time, version, views, clicks });
  const newest = values => values.subarray(keys).reduce((sum, value) => sum + value, 0n);
  return { rows, campaign, time, version, views, clicks, results, table, sums: [keys, newest(version), newest(views), newest(clicks)].map(String).join(' ') };
}

/** Is given rows of a store that keeps all, with whatever numbers it has, and says whether they are those of `input`, each once. */
export class WholeRows {
  #left;
  #seen;
  #right = true;
  constructor(input) {
    this.input = input;
    this.#left = input.rows;
    this.#seen = new Uint8Array(input.rows);
  }
  add({ campaign, windowStart, version, views, clicks }) {
    const { input } = this;
    const time = windowStart instanceof Date ? windowStart.getTime() : Number(windowStart);
    const row = (Number(version) - 1) * input.rows / 2 + (time - BEGIN) / MINUTE_MS * CAMPAIGNS + Number(campaign.slice('campaign '.length));
    this.#left--;
    this.#right &&= this.#seen[row]++ === 0 && campaign === input.campaign[row] && BigInt(views) === input.views[row] && BigInt(clicks) === input.clicks[row];
  }
  /** What JSON says of a row. */
  addJson(row) {
    this.add({ ...row, windowStart: Date.parse(row.windowStart) });
  }
  /** Lines of JSON, the last with its end. */
  addLines(text) {
    for (const line of text.trimEnd().split('\n')) this.addJson(JSON.parse(line));
  }
  get equal() {
    return this.#right && this.#left === 0;
  }
}

/** A row as the line of JSON that the sinks write, made as fast as plain JavaScript can. */
export const lineOf = ({ campaign, time, version, views, clicks }, row) =>
  `{"campaign":${JSON.stringify(campaign[row])},"windowStart":"${new Date(Number(time[row])).toISOString()}","version":${version[row]},"views":${views[row]},"clicks":${clicks[row]}}`;
