import { LOG_NAMES, linesOf } from '../../examples/ad-campaigns/lines.mjs';
import { makeLogs } from '../../examples/ad-campaigns/logs.mjs';
import { CAMPAIGNS, START_MS, addresses, idText } from '../../examples/ad-campaigns/world.mjs';
import { arrowTable } from '../arrow-tables.mjs';

/** The logs of examples/ad-campaigns in memory: as JSON lines, with those that cannot be read, and as Arrow tables of the same rows. */
export function logsInMemory(events, seed = 1) {
  const logs = makeLogs({ events, seed });
  const each = make => Object.fromEntries(LOG_NAMES.map(name => [name, make(name, logs[name])]));
  return {
    rows: LOG_NAMES.reduce((sum, name) => sum + logs[name].at.length, 0),
    lines: each((name, log) => [...linesOf(name, log)]),
    tables: each((name, log) => arrowTable(name === 'served'
      ? { adId: texts(log.ad, idText), campaignId: { values: Int16Array.from(log.campaign), dictionary: CAMPAIGNS }, ip: texts(log.ip, ip => addresses[ip]), at: times(log.at) }
      : { eventId: texts(log.number, idText), adId: texts(log.ad, idText), ip: texts(log.ip, ip => addresses[ip]), at: times(log.at) })),
  };
}

const LONGEST = 16;
function texts(numbers, textOf) {
  const bytes = Buffer.allocUnsafeSlow(numbers.length * LONGEST), offsets = new Int32Array(numbers.length + 1);
  numbers.forEach((number, i) => {
    offsets[i + 1] = offsets[i] + bytes.latin1Write(textOf(number), offsets[i]);
  });
  return { bytes: new Uint8Array(bytes.buffer, 0, offsets[numbers.length]), offsets };
}
const times = at => ({ values: BigInt64Array.from(at, ms => BigInt(START_MS + ms)), type: 'timestamp' });
