import { calendar, count, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ stall: t.utf8, zone: t.utf8, at: t.timestamp, amount: t.int64 });

/** The two busiest stalls of each local day. Stalls tie, and the name that decides is not among the results. Expected: see ../README.md. */
export default ([input, output]) => stream(jsonl(`${input}/moments.jsonl`), Moment)
  .eventTime('at', { outOfOrderness: '30m' })
  .groupBy('zone', 'stall')
  .window(calendar('day', { zoneFrom: 'zone' }))
  .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
  .top(2, stall => stall.moments, { per: ['zone'] })
  .select('windowStart', 'windowEnd', 'moments', 'amount')
  .to(jsonl(`${output}/results.jsonl`));
