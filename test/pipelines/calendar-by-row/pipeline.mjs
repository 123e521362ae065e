import { calendar, count, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, zone: t.utf8.nullable, at: t.timestamp, amount: t.int64 });

/** Hours, days, weeks and months, each row by the clocks of its own zone. Two rows have none. Expected: see ../README.md. */
export default ([input, output, every]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('place')
  .window(calendar(every, { zoneFrom: 'zone' }))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
  .deadLetters(jsonl(`${output}/dead-letters.jsonl`))
  .to(jsonl(`${output}/results.jsonl`));
