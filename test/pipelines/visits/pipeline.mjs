import { count, first, jsonl, last, schema, session, stream, sum, t } from 'millrace';

const Hit = schema({ visitor: t.utf8.nullable, page: t.utf8, spent: t.int32, at: t.timestamp });

/** The visits of each visitor, around the end of summer time in Europe, which moves no session: half an hour without a hit ends one, midnight (UTC) at the latest. */
export default ([input, output]) => stream(jsonl(`${input}/hits.jsonl`), Hit)
  .eventTime('at', { outOfOrderness: '10m' })
  .groupBy('visitor')
  .window(session('30m', { maxLength: '1d' }))
  .aggregate(hit => ({ hits: count(), spent: sum(hit.spent), entry: first(hit.page), exit: last(hit.page) }))
  .late({ then: jsonl(`${output}/late.jsonl`) })
  .to(jsonl(`${output}/visits.jsonl`));
