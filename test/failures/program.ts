import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const functions = new URL('functions.mjs', import.meta.url).href;
const END_WITHIN_MS = 12_000;

export interface Ended { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stdout: string; readonly stderr: string }

/** Runs a program in a process of its own against the built package, strict about promises that nobody caught. */
export function program(text: string): Promise<Ended> {
  const prelude = `import { callback, collect, count, createEngine, jsonl, rows, schema, stream, t, tumbling, udf } from 'millrace';
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
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}
