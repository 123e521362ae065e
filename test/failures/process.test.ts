import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bounded } from './support.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const functions = new URL('functions.mjs', import.meta.url).href;
const END_WITHIN_MS = 12_000;

/** Runs a program against the built package, strict about promises that nobody caught. */
function program(text: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const prelude = `import { callback, collect, count, createEngine, rows, schema, stream, t, tumbling, udf } from 'millrace';
    const Event = schema({ key: t.utf8, n: t.int64, at: t.timestamp });
    const events = count => Array.from({ length: count }, (_, n) => ({ key: 'key ' + n % 10, n, at: n }));
    function* endless() { for (let n = 0; ; n++) yield { key: 'key', n, at: n }; }
    const windows = source => stream(source, Event).eventTime('at', { outOfOrderness: 0 }).groupBy('key').window(tumbling(100)).aggregate(() => ({ n: count() }));
    const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
    const call = name => udf(${JSON.stringify(functions)}, name, { args: [t.int64], returns: t.int64 });
    const says = promise => promise.then(({ state }) => console.log(state), error => console.log(error.code));
    const small = { workers: 2, heap: '64MiB' };\n`;
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', '--input-type=module', '-e', prelude + text], { cwd: root });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the program did not end by itself; it printed: ${stdout}${stderr}`));
    }, END_WITHIN_MS);
    child.on('close', code => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

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
    await says(mapped('hoards').to(collect()).run({ ...small, workerMemoryMb: 32 }));
    await says(mapped('nothing').to(collect()).run(small));
    await says(stream(rows(events(1000)), Event).map(row => ({ n: call('rejectsLater')(row.n) })).to(collect()).run(small));`,
    'WORKER_EXITED\nWORKER_OUT_OF_MEMORY\nUDF_NOT_FOUND\nfinished\n'],
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
    expect(await program(text)).toEqual({ code: 0, stdout: said, stderr: '' });
  });
}
