import { count, cumulating, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, at: t.timestamp, amount: t.int64 });

/** Day-to-date, each six hours, of days that begin at 13:00 UTC: midnight on Lord Howe, in summer. Expected: see ../README.md. */
export default ([input, output]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('place')
  .window(cumulating('1d', '6h', { offset: '13h' }))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
  .to(jsonl(`${output}/results.jsonl`));
