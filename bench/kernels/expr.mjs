// How fast the stateless stage is on one core, per input row: `node bench/kernels/expr.mjs [--json]`, after a build.
import { compileKernels, bindKernels, twinKernels } from '../../dist/native-free-kernels/load.js';
import { HeapViews } from '../../dist/native-free-kernels/heap-views.js';
import { Arena } from '../../dist/src/expression/arena.js';
import { LoadedTable } from '../../dist/src/expression/loaded-table.js';
import { StatelessStage } from '../../dist/src/expression/stateless-stage.js';

const CHUNK_ROWS = 16_384, BATCH_ROWS = 65_536, REPETITIONS = 41;
const memory = new WebAssembly.Memory({ initial: 4096, maximum: 4096, shared: true });
const heap = new HeapViews(memory);
let top = 65_536;
const take = bytes => { const at = top; top = (top + bytes + 127) & ~63; return at; };
const allocator = { allocate: take, free() {} };
const scratchStart = take(64 << 20);
let scratchTop = scratchStart;
const scratch = { take: bytes => { const at = scratchTop; scratchTop = (scratchTop + bytes + 79) & ~15; return at; } };

let seed = 1;
const random = below => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % below; };
const texts = values => {
  const encoded = values.map(value => Buffer.from(value));
  const offsets = take((values.length + 1) * 4), bytes = take(encoded.reduce((sum, text) => sum + text.length, 0));
  let at = 0;
  encoded.forEach((text, i) => { heap.i32[(offsets >>> 2) + i] = at; heap.u8.set(text, bytes + at); at += text.length; });
  heap.i32[(offsets >>> 2) + values.length] = at;
  return [offsets, bytes];
};
let ids = 0;
const dictionary = values => {
  const block = take(16), [offsets, bytes] = texts(values);
  heap.u32.set([values.length, offsets, bytes, ++ids], block >>> 2);
  return block;
};
const types = ['view', 'click', 'purchase'], ads = Array.from({ length: 1000 }, (_, i) => `ad-${i}`);
const makers = {
  int8: (n, of) => { const at = take(n); for (let i = 0; i < n; i++) heap.i8[at + i] = of(i); return at; },
  int16: (n, of) => { const at = take(n * 2); for (let i = 0; i < n; i++) heap.i16[(at >>> 1) + i] = of(i); return at; },
  int32: (n, of) => { const at = take(n * 4); for (let i = 0; i < n; i++) heap.i32[(at >>> 2) + i] = of(i); return at; },
  int64: (n, of) => { const at = take(n * 8); for (let i = 0; i < n; i++) heap.i64[(at >>> 3) + i] = BigInt(of(i)); return at; },
  float64: (n, of) => { const at = take(n * 8); for (let i = 0; i < n; i++) heap.f64[(at >>> 3) + i] = of(i); return at; },
};
const typeBlock = dictionary(types), adBlock = dictionary(ads);
const columns = {
  type8: [{ kind: 'dictionary', index: 'int8' }, () => ({ values: makers.int8(BATCH_ROWS, () => random(3)), dictionary: typeBlock })],
  type32: [{ kind: 'dictionary', index: 'int32' }, () => ({ values: makers.int32(BATCH_ROWS, () => random(3)), dictionary: typeBlock })],
  ad: [{ kind: 'dictionary', index: 'int32' }, () => ({ values: makers.int32(BATCH_ROWS, () => random(1000)), dictionary: adBlock })],
  at: [{ kind: 'timestamp', unit: 'ms' }, () => ({ values: makers.int64(BATCH_ROWS, i => 1_700_000_000_000 + i) })],
  small: [{ kind: 'int32' }, () => ({ values: makers.int32(BATCH_ROWS, () => random(100)) })],
  big: [{ kind: 'int64' }, () => ({ values: makers.int64(BATCH_ROWS, () => random(1_000_000)) })],
  price: [{ kind: 'float64' }, () => ({ values: makers.float64(BATCH_ROWS, () => random(1000) / 7) })],
  name: [{ kind: 'utf8' }, () => { const [offsets, values] = texts(Array.from({ length: BATCH_ROWS }, () => `  Name-${random(5000)} `)); return { values, offsets }; }],
};
const schema = Object.entries(columns).map(([name, [type]]) => ({ name, type, nullable: false }));
const descriptor = take((4 + schema.length * 8) * 4);
heap.u32.set([BATCH_ROWS, schema.length], descriptor >>> 2);
Object.values(columns).forEach(([, make], i) => {
  const { values, offsets = 0, dictionary: block = 0 } = make();
  heap.u32.set([values, 0, offsets, 0, block, 0, 0, 0], (descriptor >>> 2) + 4 + i * 8);
});

const BOOL = { kind: 'bool' }, UTF8 = { kind: 'utf8' }, INT64 = { kind: 'int64' };
const col = name => ({ op: 'column', name, type: columns[name][0], nullable: false });
const lit = (type, value) => ({ op: 'literal', type, value, nullable: false });
const call = (op, type, ...args) => ({ op, type, args, nullable: false });
const isView = column => call('eq', BOOL, col(column), lit(UTF8, 'view'));
const campaign = { op: 'lookup', arg: col('ad'), table: 0, column: 'campaign', type: UTF8, nullable: true };
const tables = [{
  key: { name: 'ad', type: UTF8, nullable: false }, columns: [{ name: 'campaign', type: UTF8, nullable: false }],
  keys: ads, values: [ads.map((_, i) => `campaign-${i % 100}`)],
}];
const cases = {
  'ysb, int8 event type': [[isView('type8')], [campaign, col('at')]],
  'ysb, int32 event type': [[isView('type32')], [campaign, col('at')]],
  'filter: int8 code = literal': [[isView('type8')], []],
  'filter: int32 code = literal': [[isView('type32')], []],
  'filter: two codes of int8': [[call('ne', BOOL, col('type8'), lit(UTF8, 'view'))], []],
  'filter: int32 < literal': [[call('lt', BOOL, col('small'), lit({ kind: 'int32' }, 50))], []],
  'filter: int64 < literal': [[call('lt', BOOL, col('big'), lit(INT64, '500000'))], []],
  'filter: float64 < literal': [[call('lt', BOOL, col('price'), lit({ kind: 'float64' }, 70))], []],
  'filter: int64 in 3': [[{ op: 'in', arg: col('big'), values: ['1', '2', '3'], negated: true, type: BOOL, nullable: false }], []],
  'map: int64 + literal': [[], [call('add', INT64, col('big'), lit(INT64, '7'))]],
  'map: int64 × int64': [[], [call('mul', INT64, col('big'), col('big'))]],
  'map: float64 × float64': [[], [call('mul', { kind: 'float64' }, col('price'), col('price'))]],
  'map: cast int32 → float64': [[], [call('cast', { kind: 'float64' }, col('small'))]],
  'map: utf8 column': [[], [col('name')]],
  'map: lower(utf8)': [[], [call('lower', UTF8, col('name'))]],
  'map: trim(utf8)': [[], [call('trim', UTF8, col('name'))]],
  'map: length(utf8)': [[], [call('length', INT64, col('name'))]],
  'filter: like': [[call('like', BOOL, col('name'), lit(UTF8, '%me-12%'))], []],
  'map: datePart hour': [[], [call('datePart', INT64, lit(UTF8, 'hour'), col('at'))]],
  'map: datePart month': [[], [call('datePart', INT64, lit(UTF8, 'month'), col('at'))]],
  'map: truncate month': [[], [call('truncate', { kind: 'timestamp', unit: 'ms' }, lit(UTF8, 'month'), col('at'))]],
  'map: cast int64 → utf8': [[], [call('cast', UTF8, col('big'))]],
  'map: case, 2 branches': [[], [{ op: 'case', type: INT64, nullable: false, branches: [{ when: call('lt', BOOL, col('small'), lit({ kind: 'int32' }, 50)), then: col('big') }], otherwise: lit(INT64, '0') }]],
};

const wasm = bindKernels(compileKernels(), memory), twins = twinKernels(memory);
const loaded = table => new LoadedTable({ heap, kernels: wasm, arena: new Arena(allocator) }, table).plain(table.columns.map(column => column.name));
function measure([predicates, outputs], kernels, repetitions) {
  const branch = { source: { name: 's', schema }, from: { source: 0 }, eventTime: null, steps: predicates.map(predicate => ({ kind: 'filter', predicate })) };
  const stage = new StatelessStage({ branch, outputs, tables: tables.map(loaded), heap, kernels, allocator, udfs: () => { throw new Error('none'); } });
  const times = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = process.hrtime.bigint();
    for (let pass = 0; pass < 4; pass++) {
      for (let first = 0; first < BATCH_ROWS; first += CHUNK_ROWS) {
        scratchTop = scratchStart;
        stage.runChunk(descriptor, first, CHUNK_ROWS, scratch);
      }
    }
    times.push(Number(process.hrtime.bigint() - start) / (4 * BATCH_ROWS));
  }
  return times.sort((a, b) => a - b)[repetitions >> 1];
}
const results = {};
for (const [name, query] of Object.entries(cases)) {
  try {
    const ns = measure(query, wasm, REPETITIONS), twin = measure(query, twins, 5);
    results[name] = { nsPerRow: Number(ns.toFixed(3)), millionRowsPerSecond: Math.round(1000 / ns), twinNsPerRow: Number(twin.toFixed(2)) };
  } catch (error) { results[name] = { error: String(error) }; }
}
if (process.argv.includes('--json')) console.log(JSON.stringify(results));
else console.table(results);
