import { count, countWindow, first, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, zone: t.utf8, at: t.timestamp, amount: t.int64 });

/** Every five moments of a place, in the order of the file, which is not that of time; what is left is a window, too. Expected: see ../README.md. */
export default ([input, output]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('place')
  .window(countWindow(5))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount), earliest: first(moment.amount) }))
  .to(jsonl(`${output}/results.jsonl`));
