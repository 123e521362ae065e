// Nanoseconds a line of 245 bytes: JSON.parse, and decoding into a batch (Wasm, and the TypeScript twin). `npm run -s build` first.
import { bindKernels, compileKernels, twinKernels } from '../../dist/native-free-kernels/load.js';
import { HeapViews } from '../../dist/native-free-kernels/heap-views.js';
import { TextDecoderStage } from '../../dist/src/batch/text-decoder.js';

const LINES = 4096;
const PAGES = 512;
const hex = (i, length) => (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).padStart(length, '0');
const id = i => `${hex(i, 8)}-${hex(i * 3, 8).slice(0, 4)}-4${hex(i * 5, 8).slice(0, 3)}-a${hex(i * 7, 8).slice(0, 3)}-${hex(i * 11, 12)}`;
const line = i => JSON.stringify({
  user_id: id(i), page_id: id(i + 1), ad_id: id(i % 1000), ad_type: 'banner78', event_type: ['view', 'click', 'purchase'][i % 3],
  event_time: 1700000000000 + i, ip_address: '1.2.3.4',
}).padEnd(244) + '\n';

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const heap = new HeapViews(memory);
let top = 65536;
const allocator = { allocate: bytes => { const at = top; top = (top + bytes + 127) & ~63; return at; }, free: () => {} };
const text = Buffer.from(Array.from({ length: LINES }, (_, i) => line(i)).join(''));
const address = allocator.allocate(text.length);
heap.u8.set(text, address);

const column = (name, kind, extra = {}) => ({ name, type: { kind, ...extra }, nullable: false });
const time = column('event_time', 'timestamp', { unit: 'ms' });
const three = [column('ad_id', 'utf8'), column('event_type', 'utf8'), time];
const all = ['user_id', 'page_id', 'ad_id', 'ad_type', 'event_type', 'ip_address'].map(name => column(name, 'utf8')).concat(time);

function median(run) {
  const times = [];
  for (let i = 0; i < 61; i++) {
    const start = performance.now();
    run();
    times.push(((performance.now() - start) * 1e6) / LINES);
  }
  return Math.round(times.sort((a, b) => a - b)[30]);
}

const wasm = bindKernels(compileKernels(), memory);
const result = { lineBytes: text.length / LINES };
const strings = text.toString().trimEnd().split('\n');
result.jsonParse = median(() => strings.reduce((sum, each) => sum + JSON.parse(each).event_time, 0));
for (const [name, kernels] of [['wasm', wasm], ['twin', twinKernels(memory)]]) {
  for (const [size, fields] of [['3columns', three], ['7columns', all]]) {
    const stage = new TextDecoderStage({ fields, format: { kind: 'json' }, heap, kernels, allocator });
    const start = top;
    result[`${name}_${size}`] = median(() => {
      top = start;
      const { rows } = stage.decode(address, text.length);
      if (rows !== LINES) throw new Error(`decoded ${rows} of ${LINES} lines`);
    });
  }
}
result.countLines = median(() => wasm.countLines(address, text.length, 1));
console.log(JSON.stringify(result));
