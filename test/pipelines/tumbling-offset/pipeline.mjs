import { count, jsonl, schema, stream, sum, t, tumbling } from 'millrace';

const Moment = schema({ place: t.utf8, at: t.timestamp, amount: t.int64 });

/** Days of 24 hours that begin at 23:00 UTC: midnight in Paris, but for the summer. Expected: see ../README.md. */
export default ([input, output]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('place')
  .window(tumbling('1d', { offset: '23h' }))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
  .to(jsonl(`${output}/results.jsonl`));
