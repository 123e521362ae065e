import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { join } from 'node:path';
import { CAMPAIGNS, DAY_MS, START_MS, addresses, idWords } from './world.mjs';

/** The logs as JSON lines, one file each. */
export const LOG_NAMES = ['served', 'views', 'clicks'];
const CHUNK_BYTES = 1 << 20;
const LONGEST_LINE = 1024;
/** Every so many rows there is a line more that cannot be read. */
const MALFORMED_EVERY = 20_000;

/** Text that grows, as bytes: strings would take ten times as long. */
class Bytes {
  buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES + 2 * LONGEST_LINE);
  length = 0;
  #day = NaN;
  #date = '';

  text(text) {
    const { buffer } = this;
    let { length } = this;
    for (let i = 0; i < text.length; i++) buffer[length++] = text.charCodeAt(i);
    this.length = length;
  }
  id(number) {
    const { buffer } = this;
    const words = idWords(number);
    for (let i = 0; i < 2; i++) {
      const word = words[i];
      for (let shift = 28; shift >= 0; shift -= 4) {
        const digit = (word >>> shift) & 15;
        buffer[this.length++] = digit + (digit < 10 ? 48 : 87);
      }
    }
  }
  number(value, digits) {
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      this.buffer[at] = 48 + value % 10;
      value = Math.floor(value / 10);
    }
    this.length += digits;
  }
  /** ISO 8601. */
  time(at) {
    const ms = at % DAY_MS;
    if (at - ms !== this.#day) {
      this.#day = at - ms;
      this.#date = new Date(START_MS + at - ms).toISOString().slice(0, 11);
    }
    this.text(this.#date);
    this.number(Math.floor(ms / 3_600_000), 2);
    this.text(':');
    this.number(Math.floor(ms / 60_000) % 60, 2);
    this.text(':');
    this.number(Math.floor(ms / 1000) % 60, 2);
    this.text('.');
    this.number(ms % 1000, 3);
    this.text('Z');
  }
}

function writeAd(bytes, log, row) {
  const price = log.price[row];
  bytes.text('{"adId":"');
  bytes.id(log.ad[row]);
  bytes.text('","campaignId":"');
  bytes.text(CAMPAIGNS[log.campaign[row]]);
  bytes.text('","userId":"u');
  bytes.number(log.user[row], 6);
  bytes.text('","ip":"');
  bytes.text(addresses[log.ip[row]]);
  bytes.text('","at":"');
  bytes.time(log.at[row]);
  if (price < 0) bytes.text('","price":null}\n');
  else {
    bytes.text('","price":0.');
    bytes.number(price, 4);
    bytes.text('}\n');
  }
}
function writeEvent(bytes, log, row) {
  bytes.text('{"eventId":"');
  bytes.id(log.number[row]);
  bytes.text('","adId":"');
  bytes.id(log.ad[row]);
  bytes.text('","ip":"');
  bytes.text(addresses[log.ip[row]]);
  bytes.text('","at":"');
  bytes.time(log.at[row]);
  bytes.text('"}\n');
}

/** What programs and disks do to lines. None of these is a row. */
const MALFORMED = [
  line => line.slice(0, line.length >> 1) + '\n',
  line => line.replace(/"adId":"[^"]*",/, ''),
  line => line.replace(/"at":"[^"]*"/, '"at":"yesterday"'),
  () => 'Segmentation fault (core dumped)\n',
  line => line.replace(/"ip":"[^"]*"/, '"ip":{"v4":true}'),
];

/** A log as text, in parts of about 1 MiB that end at the end of a line. `malformed`: with lines that cannot be read. */
export function* linesOf(name, log, { malformed = true } = {}) {
  const write = name === 'served' ? writeAd : writeEvent;
  const rows = log.at.length;
  // A small log has some, too.
  const every = malformed ? Math.min(MALFORMED_EVERY, Math.max(2, Math.floor(rows / (MALFORMED.length + 1)))) : Infinity;
  let bytes = new Bytes(), kind = 0;
  for (let row = 0; row < rows; row++) {
    const begin = bytes.length;
    write(bytes, log, row);
    if (row % every === every - 1) bytes.text(MALFORMED[kind++ % MALFORMED.length](bytes.buffer.latin1Slice(begin, bytes.length)));
    if (bytes.length < CHUNK_BYTES && row < rows - 1) continue;
    yield bytes.buffer.subarray(0, bytes.length);
    bytes = new Bytes();
  }
}

/** Writes the logs to a folder; waits whenever the disk is slower. Returns the path of each. */
export async function writeLogs(logs, folder, { onProgress = () => {} } = {}) {
  await mkdir(folder, { recursive: true });
  const paths = Object.fromEntries(LOG_NAMES.map(name => [name, join(folder, `${name}.jsonl`)]));
  let bytes = 0;
  for (const name of LOG_NAMES) {
    const file = createWriteStream(paths[name], { highWaterMark: 4 << 20 });
    for (const part of linesOf(name, logs[name])) {
      bytes += part.length;
      if (!file.write(part)) await once(file, 'drain');
      onProgress({ name, bytes });
    }
    file.end();
    await finished(file);
  }
  return paths;
}
