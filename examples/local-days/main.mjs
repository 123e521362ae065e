import { localDays } from './local-days.mjs';

const SHOWN = ['ATL', 'PHX', 'IND', 'LAX', 'HNL'];
const rows = await localDays({ from: '2001-03-31', until: '2001-04-03' }).collect();

const time = us => new Date(Number(us / 1000n)).toISOString().slice(0, 16).replace('T', ' ');
const line = (...texts) => texts.map((text, i) => (i < 3 ? text.padEnd([8, 14, 18][i]) : text.padStart(12))).join('');
console.log(line('origin', 'local day', 'begins (UTC)', 'hours', 'flights', 'mean delay', 'worst'));
for (const row of rows.filter(({ origin }) => SHOWN.includes(origin)).sort((a, b) => SHOWN.indexOf(a.origin) - SHOWN.indexOf(b.origin) || Number(a.windowStart - b.windowStart))) {
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: row.zone }).format(Number(row.windowStart / 1000n));
  const hours = Number(row.windowEnd - row.windowStart) / 3.6e9;
  console.log(line(row.origin, day, time(row.windowStart), String(hours), String(row.flights), row.meanDelay.toFixed(1), String(row.worstDelay)));
}
