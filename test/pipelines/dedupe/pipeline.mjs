import { calendar, count, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, zone: t.utf8, at: t.timestamp, amount: t.int64 });

/** Of the moments of a place none within twelve hours of one that stays: those that are `kept`, or the local `days` of them. Expected: see ../README.md. */
export default ([input, output, what]) => {
  const kept = stream(jsonl(`${input}/moments.jsonl`), Moment)
    .eventTime('at', { outOfOrderness: '30m' })
    .dedupe('place', { within: '12h' });
  if (what === 'kept') return kept.to(jsonl(`${output}/results.jsonl`));
  return kept
    .groupBy('place')
    .window(calendar('day', { zoneFrom: 'zone' }))
    .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
    .late({ then: jsonl(`${output}/late.jsonl`) })
    .to(jsonl(`${output}/results.jsonl`));
};
