import { calendar, count, jsonl, max, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, zone: t.utf8, at: t.timestamp, amount: t.int64 });

/** Local hours, and local days of those: the hour before midnight belongs to the day that ends there. Expected: see ../README.md. */
export default ([input, output]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('place', 'zone')
  .window(calendar('hour', { zoneFrom: 'zone' }))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
  .groupBy('place')
  .window(calendar('day', { zoneFrom: 'zone' }))
  .aggregate(hour => ({ hours: count(), busiest: max(hour.moments), amount: sum(hour.amount) }))
  .to(jsonl(`${output}/results.jsonl`));
