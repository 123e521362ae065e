import { callback, count, schema, stream, sum, t } from 'millrace';
import { openEngine, ResultColumns, tableInHeap } from '../ours.mjs';

const Row = schema({ key: t.int64, value: t.int64, at: t.timestamp });

const countAndSum = (source, window, outOfOrderness, sink) => stream(source, Row)
  .eventTime('at', { outOfOrderness })
  .groupBy('key')
  .window(window)
  .aggregate(row => ({ count: count(), sum: sum(row.value) }))
  .to(sink);

export async function openOursWindows({ key, value, at, disordered }, workers) {
  const engine = openEngine(workers);
  const sources = { ordered: tableInHeap(engine, Row, { key, value, at }).source(), disordered: tableInHeap(engine, Row, { key, value, at: disordered }).source() };
  return {
    /** A case: asks for a window over one of the streams; its answer is every result row, copied out as it comes. */
    run: (stream, window, outOfOrderness) => async () => {
      const result = new ResultColumns(['key', 'windowStart', 'count', 'sum', 'windowEnd']);
      const stats = await countAndSum(sources[stream], window, outOfOrderness, callback(batch => result.add(batch))).run({ engine });
      return { result, stats };
    },
    close: () => engine.close(),
  };
}
