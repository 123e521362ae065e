import { count, jsonl, schema, sliding, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, at: t.timestamp, amount: t.int64 });

/** The last 25 hours, every seven: a slide that does not divide the size. Expected: see ../README.md. */
export default ([input, output]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('place')
  .window(sliding('25h', '7h'))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
  .to(jsonl(`${output}/results.jsonl`));
