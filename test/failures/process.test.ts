import { expect, test } from 'vitest';
import { program } from './program.ts';
import { bounded } from './support.ts';

const PROGRAMS: Record<string, [string, string]> = {
  'after a job, and one on an engine that nobody closes': [`
    await says(windows(rows(events(5000))).to(collect()).run(small));
    await says(windows(rows(events(5000))).to(collect()).run({ engine: createEngine(small) }));`, 'finished\nfinished\n'],
  'after failures of every kind': [`
    const engine = createEngine(small);
    const fails = async (source, sink, options) => says(windows(source).to(sink).run({ engine, batchRows: 50, ...options }));
    await fails(rows((async function* () { yield* events(500); throw new Error('broke'); })()), collect());
    await fails(rows(endless()), callback(() => Promise.reject(new Error('full'))));
    await fails(rows(endless()), callback(() => { throw new Error('full'); }));
    await fails(rows([...events(500), { key: 1 }]), collect(), { onBadRow: 'fail' });
    await fails(rows(events(10)), collect(), { batchRows: 0 });
    await says(windows(rows(endless())).to(collect()).run({ engine, signal: AbortSignal.timeout(50) }));
    await engine.close();`, 'SOURCE_FAILED\nSINK_FAILED\nSINK_FAILED\nBAD_ROW\nBAD_OPTION\nstopped\n'],
  'after cancel() of what never answers': [`
    for (const source of [rows((async function* () { await new Promise(() => {}); })()), rows(endless())]) {
      const job = windows(source).to(callback(() => new Promise(() => {}))).start(small);
      await sleep(100);
      job.cancel();
      await says(job.done);
    }`, 'CANCELLED\nCANCELLED\n'],
  'after workers were lost': [`
    const mapped = name => stream(rows(endless()), Event).map(row => ({ n: call(name)(row.n) }));
    await says(mapped('exits').to(collect()).run({ engine: createEngine(small) }));
    await says(mapped('nothing').to(collect()).run(small));
    await says(stream(rows(events(1000)), Event).map(row => ({ n: call('rejectsLater')(row.n) })).to(collect()).run(small));`,
    'WORKER_EXITED\nUDF_NOT_FOUND\nfinished\n'],
  'after engine.close() during a job': [`
    const engine = createEngine(small);
    const job = windows(rows(endless())).to(callback(() => sleep(1))).start({ engine });
    const said = says(job.done);
    await sleep(100);
    await engine.close();
    await said;`, 'ENGINE_CLOSED\n'],
};

for (const [name, [text, said]] of Object.entries(PROGRAMS)) {
  test(`a program ends by itself ${name}, and no rejection goes unheard`, bounded, async () => {
    expect(await program(text)).toEqual({ code: 0, signal: null, stdout: said, stderr: '' });
  });
}
