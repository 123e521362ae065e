import { expect, test } from 'vitest';
import { collect, count, rows, schema, stream, t, tumbling } from 'millrace';
import { hasEngine } from '../support/run-plan.ts';

const Hit = schema({ campaign: t.utf8, at: t.timestamp });
const Limit = schema({ campaign: t.utf8, most: t.int64, at: t.timestamp });
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

test.skipIf(!hasEngine)('results of an aggregate are joined as rows are, and the size of what the join keeps is told while it keeps it', async () => {
  let kept = false;
  async function* hits(): AsyncGenerator<object> {
    for (const [campaign, at] of [['a', 1000], ['a', 2000], ['b', 3000], ['b', 61_000], ['c', 121_000]] as const) yield { campaign, at };
    // Ends with the test where that never comes.
    while (!kept) {
      kept = job.stats().joins.some(({ stateBytes }) => stateBytes > 0);
      await sleep(5);
    }
  }
  const limits = [{ campaign: 'a', most: 1, at: 0 }, { campaign: 'b', most: 5, at: 0 }, { campaign: 'b', most: 6, at: 90_000 }, { campaign: 'd', most: 7, at: 0 }];
  const perMinute = stream(rows(hits()), Hit).eventTime('at').groupBy('campaign').window(tumbling('1m')).aggregate(() => ({ n: count() }));
  const sink = collect();
  const job = perMinute.asPipeline()
    .join(stream(rows(limits), Limit).eventTime('at'), { on: 'campaign', within: '1m', kind: 'left', mode: 'final' })
    .select('campaign', 'windowStart', 'n', 'most')
    .to(sink).start({ workers: 2 });
  const stats = await job.done;
  const found = sink.rows.map(row => [row['campaign'], Number(row['windowStart']), Number(row['n']), row['most'] === null ? null : Number(row['most'])].join(' ')).sort();
  expect(found).toEqual(['a 0 2 1', 'b 0 1 5', 'b 0 1 6', 'b 60000 1 6', 'c 120000 1 ']);
  expect(stats.joins).toEqual([{ stage: 1, name: 'the join of left and right', stateBytes: 0 }]);
});
