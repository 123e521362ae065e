import { calendar, count, jsonl, schema, stream, sum, t } from 'millrace';

const Moment = schema({ place: t.utf8, zone: t.utf8, at: t.timestamp, amount: t.int64 });

/** Local days of less than four moments: a late one may take a day back. `revised` as they change, or `final`. Expected: see ../README.md. */
export default ([input, output, when]) => {
  const days = stream(jsonl(`${input}/moments.jsonl`), Moment)
    .eventTime('at', { outOfOrderness: '30m' })
    .groupBy('place')
    .window(calendar('day', { zoneFrom: 'zone' }))
    .aggregate(moment => ({ moments: count(), amount: sum(moment.amount) }))
    .late({ accept: '12h' });
  const results = when === 'final' ? days.emit('final') : days;
  return results.having(day => day.moments.lt(4n)).to(jsonl(`${output}/results.jsonl`));
};
