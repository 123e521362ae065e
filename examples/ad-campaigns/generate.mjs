import { parseArgs } from 'node:util';
import { LOG_NAMES, writeLogs } from './lines.mjs';
import { makeLogs } from './logs.mjs';

/** `node examples/ad-campaigns/generate.mjs --events 10M --seed 1 FOLDER`: writes the three logs. */
const { values, positionals: [folder = 'logs'] } = parseArgs({
  allowPositionals: true,
  options: { events: { type: 'string', default: '1M' }, seed: { type: 'string', default: '1' }, 'no-late': { type: 'boolean', default: false } },
});
const units = { '': 1, k: 1e3, M: 1e6 };
const [, number, unit] = /^(\d+)([kM]?)$/.exec(values.events) ?? [];
if (number === undefined) throw new Error('--events takes a number such as 10k, 1M or 250000');

const begun = performance.now();
const logs = makeLogs({ events: number * units[unit], seed: Number(values.seed), late: !values['no-late'] });
await writeLogs(logs, folder);
const rows = LOG_NAMES.map(name => `${logs[name].at.length.toLocaleString('en')} ${name}`).join(', ');
console.log(`${rows} in ${folder}, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
