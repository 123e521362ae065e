import { calendar, count, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, at: t.timestamp, amount: t.int64 });
const ZONES = { paris: 'Europe/Paris', saopaulo: 'America/Sao_Paulo', lordhowe: 'Australia/Lord_Howe' };

/** Days, weeks and months of one zone, whatever the place: `day-paris`. Expected: see ../README.md. */
export default ([input, output, name]) => {
  const [every, zone] = name.split('-');
  return stream(jsonl(`${input}/moments.jsonl`), Moment)
    .eventTime('at', { outOfOrderness: '30m' })
    .groupBy('place')
    .window(calendar(every, { zone: ZONES[zone] }))
    .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
    .to(jsonl(`${output}/results.jsonl`));
};
