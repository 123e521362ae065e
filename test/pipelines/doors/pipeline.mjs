import { jsonl, schema, sliding, stream, t, tumbling } from 'millrace';

const In = schema({ place: t.utf8.nullable, came: t.utf8, at: t.timestamp });
const Out = schema({ place: t.utf8.nullable, went: t.utf8, at: t.timestamp });

/** Who came and who went in the same minute, or in the same two minutes as each of these begins; those alone as well. */
export default ([input, output, window]) => {
  const came = stream(jsonl(`${input}/in.jsonl`), In).eventTime('at', { outOfOrderness: '1h' }).select('place', 'came');
  const went = stream(jsonl(`${input}/out.jsonl`), Out).eventTime('at', { outOfOrderness: '1h' }).select('place', 'went');
  const options = window === 'tumbling' ? { window: tumbling('1m'), mode: 'final' } : { window: sliding('2m', '1m') };
  return came.join(went, { on: 'place', kind: 'full', ...options }).to(jsonl(`${output}/results.jsonl`));
};
