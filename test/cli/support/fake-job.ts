/**
 * A job file that needs no engine: it "reads" 1,000 rows a step, as a job would, and stops when asked. Its arguments steer it:
 * `fail CODE`, `bad N` (rows dead-lettered), `steps N`, `slow` (25 ms a step), `deaf` (ignores the signal), `open` (leaves a timer),
 * `hang` (waits for nothing), `results` (prints to standard output).
 */
export const FAKE_JOB = `
export default async args => {
  const after = name => args[args.indexOf(name) + 1];
  const steps = args.includes('steps') ? Number(after('steps')) : 3;
  const dead = args.includes('bad') ? Number(after('bad')) : 0;
  const begin = Date.now();
  let read = 0, last = null;
  const stats = state => last = {
    state, workers: 2, emitted: read / 1000, elapsedMs: Date.now() - begin + 1, stateBytes: 0, peakStateBytes: 2048, joins: [], batchBytes: 0,
    partitioner: 'local', watermarkLagMs: null,
    sources: [{ name: 'fake(rows)', read, filtered: 0, applied: read - dead, late: 0, deadLettered: dead, watermark: 9007199254740993n,
      progress: { done: read, total: steps * 1000, unit: 'rows' } }],
  };
  return {
    plan: () => ({ version: 1, args }),
    explain: () => 'source fake(rows)\\n  sink nothing',
    stats: () => last,
    async run(options) {
      console.log('options ' + JSON.stringify(options));
      if (args.includes('open')) setInterval(() => {}, 1000);
      if (args.includes('hang')) await new Promise(() => {});
      while (read < steps * 1000 && (args.includes('deaf') || !options.signal.aborted)) {
        await new Promise(resolve => setTimeout(resolve, args.includes('slow') ? 25 : 0));
        read += 1000;
        if (args.includes('results')) console.log('result ' + read);
        options.onProgress?.(stats('running'));
      }
      if (args.includes('fail')) {
        const code = after('fail');
        throw Object.assign(new Error(code + ': it broke', { cause: new Error('the cause') }), { name: 'MillraceError', code });
      }
      return stats(options.signal.aborted && read < steps * 1000 ? 'stopped' : 'finished');
    },
  };
};
`;
