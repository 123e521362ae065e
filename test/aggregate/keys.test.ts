import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashedKeys, splitKeys, type KeyMode } from '../../src/aggregate/keys.ts';
import type { Vector } from '../../src/expression/vector.ts';
import { LEAST_PAGES } from '../../src/heap/control.ts';
import type { DataType, Fields } from '../../src/plan/types.ts';
import { type Cell, identityOf, keyCell } from '../oracle/cells.ts';
import { HEAP_KERNELS } from '../support/kernels.ts';
import { testHeap } from '../support/heap.ts';
import { renew, stateHeap, type StateHeap } from '../support/state-heap.ts';

/** Keys as bytes or words are equal exactly where the values are one group, and give the values back. */
const base = testHeap(LEAST_PAGES);
const { heap } = base;
type Kind = 'int64' | 'float64' | 'bool' | 'utf8' | 'dictionary';
const TYPES: Record<Kind, DataType> = { int64: { kind: 'int64' }, float64: { kind: 'float64' }, bool: { kind: 'bool' }, utf8: { kind: 'utf8' }, dictionary: { kind: 'dictionary', index: 'int32' } };
const WORDS = ['', 'a', 'ab', 'abc', 'b', 'abcdefg', 'abcdefgh', 'abcdefghi', '\u0000', 'a\u0000', '\u0000a', 'é'];
const CELLS: Record<Kind, fc.Arbitrary<Cell>> = {
  int64: fc.oneof(fc.bigInt(-2n, 2n), fc.constantFrom(0n, 1n << 32n, -(2n ** 63n))),
  float64: fc.constantFrom(0, -0, NaN, 1.5, Infinity, -Infinity, 5e-324),
  bool: fc.boolean(),
  utf8: fc.constantFrom(...WORDS),
  dictionary: fc.constantFrom(...WORDS),
};

function dictionaryOf({ scratch }: StateHeap): number {
  const texts = WORDS.map(word => new TextEncoder().encode(word));
  const [block, offsets, bytes] = [scratch.take(16), scratch.take((texts.length + 1) * 4), scratch.take(200)];
  let end = 0;
  texts.forEach((text, code) => {
    heap.u8.set(text, bytes + end);
    heap.u32[(offsets >>> 2) + code] = end;
    end += text.length;
  });
  heap.u32[(offsets >>> 2) + texts.length] = end;
  heap.u32.set([texts.length, offsets, bytes, 1], block >>> 2);
  return block;
}

function vectorOf(on: StateHeap, kind: Kind, cells: readonly Cell[], dictionary: number): Vector {
  const rows = cells.length;
  const nullable = cells.includes(null);
  const [data, valid] = [on.scratch.take(rows * 8), nullable ? on.scratch.take(rows) : 0];
  cells.forEach((cell, row) => {
    if (valid) heap.u8[valid + row] = cell === null ? 0 : 1;
    switch (kind) {
      case 'int64': heap.i64[(data >>> 3) + row] = (cell as bigint | null) ?? 77n; break;
      case 'float64': heap.f64[(data >>> 3) + row] = (cell as number | null) ?? 7.5; break;
      case 'bool': heap.u8[data + row] = cell === true ? 1 : 0; break;
      case 'dictionary': heap.i32[(data >>> 2) + row] = cell === null ? 0 : WORDS.indexOf(cell as string); break;
      case 'utf8': {
        const text = new TextEncoder().encode((cell as string | null) ?? '');
        const at = on.scratch.take(text.length);
        heap.u8.set(text, at);
        heap.u32.set([at, text.length], (data >>> 2) + row * 2);
      }
    }
  });
  const cls = kind === 'int64' ? 'i64' : kind === 'float64' ? 'f64' : kind === 'bool' ? 'bool' : kind === 'utf8' ? 'bytes' : 'code';
  return { cls, data, valid, dictionary: cls === 'code' ? dictionary : 0 };
}

function cellOf(kind: Kind, { data, valid, cls }: Vector, row: number): Cell {
  if (valid && !heap.u8[valid + row]) return null;
  if (cls === 'bytes') {
    const [address, length] = heap.u32.slice((data >>> 2) + row * 2, (data >>> 2) + row * 2 + 2);
    return Buffer.from(heap.u8.slice(address, address! + length!)).toString();
  }
  return kind === 'bool' ? heap.u8[data + row] === 1 : kind === 'float64' ? heap.f64[(data >>> 3) + row]! : heap.i64[(data >>> 3) + row]!;
}

const tuples = fc.array(fc.constantFrom<Kind>('int64', 'float64', 'bool', 'utf8', 'dictionary'), { minLength: 1, maxLength: 4 }).chain(kinds =>
  fc.record({
    kinds: fc.constant(kinds), kernels: fc.constant(HEAP_KERNELS),
    rows: fc.array(fc.tuple(...kinds.map(kind => fc.option(CELLS[kind], { freq: 4 }))), { minLength: 1, maxLength: 40, size: 'max' }),
  }));

test('keys are equal where the values are, and come back', () => {
  fc.assert(fc.property(tuples, ({ kinds, kernels: which, rows }) => {
    renew(heap, 65_536, 65_536 * 6);
    const on = stateHeap(which, 0, LEAST_PAGES, base);
    const { kernels, scratch } = on;
    const dictionary = dictionaryOf(on);
    const vectors = kinds.map((kind, column) => vectorOf(on, kind, rows.map(row => row[column]!), dictionary));
    const mode: KeyMode = kinds.length > 1 ? 'tuple' : kinds[0] === 'utf8' || kinds[0] === 'dictionary' ? 'bytes' : 'word';
    const keys = hashedKeys(heap, kernels, mode, vectors, rows.length, 5n, scratch);
    const bytesOf = (row: number): string => {
      if (keys.valid && !heap.u8[keys.valid + row]) return 'null';
      if (keys.kind === 'words') return String(heap.u64[(keys.data >>> 3) + row]);
      const [address, length] = heap.u32.slice((keys.data >>> 2) + row * 2, (keys.data >>> 2) + row * 2 + 2);
      return `${length} ${Buffer.from(heap.u8.slice(address, address! + length!)).toString('hex')}`;
    };
    const identities = rows.map(row => row.map(cell => identityOf(keyCell(cell))).join(' | '));
    const found = new Map<string, string>();
    const back = new Map<string, string>();
    rows.forEach((_row, row) => {
      const [identity, text] = [identities[row]!, `${heap.u32[(keys.hashes >>> 2) + row]} ${bytesOf(row)}`];
      expect(found.get(identity) ?? text).toBe(text);
      expect(back.get(text) ?? identity).toBe(identity);
      found.set(identity, text);
      back.set(text, identity);
    });
    const nullRows = mode === 'tuple' ? [] : rows.flatMap(([cell], row) => (cell === null ? [row] : []));
    const fields: Fields = kinds.map((kind, column) => ({ name: `k${column}`, type: TYPES[kind], nullable: true }));
    const split = splitKeys({ heap, kernels, pages: on.pages, scratch }, mode, fields, keys.data, rows.length, nullRows, 0);
    rows.forEach((row, index) => expect(kinds.map((kind, column) => cellOf(kind, split[column]!, index))).toStrictEqual(row.map(keyCell)));
  }), { numRuns: 150 });
});
