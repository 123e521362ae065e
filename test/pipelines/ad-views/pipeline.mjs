import { jsonl, schema, stream, t } from 'millrace';

const Ad = schema({ ad: t.utf8.nullable, campaign: t.utf8, at: t.timestamp });
const View = schema({ ad: t.utf8.nullable, viewer: t.utf8, seen: t.timestamp });

/** Each ad that was served with each of its views, from ten seconds before it to ten minutes behind it; without any, alone. What is taken back is taken out. */
export default ([input, output]) => stream(jsonl(`${input}/ads.jsonl`), Ad)
  .eventTime('at', { outOfOrderness: '2h' })
  .join(stream(jsonl(`${input}/views.jsonl`), View).eventTime('seen', { outOfOrderness: '2h' }), { on: 'ad', within: { before: '10s', after: '10m' }, kind: 'left' })
  .to(jsonl(`${output}/results.jsonl`));
