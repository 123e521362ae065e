import { calendar, count, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, zone: t.utf8, at: t.timestamp, amount: t.int64 });

/** Local days, revised for twelve hours; what comes later is late. Expected, once the revisions are folded: see ../README.md. */
export default ([input, output]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('place')
  .window(calendar('day', { zoneFrom: 'zone' }))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
  .late({ accept: '12h', then: jsonl(`${output}/late.jsonl`) })
  .to(jsonl(`${output}/results.jsonl`));
