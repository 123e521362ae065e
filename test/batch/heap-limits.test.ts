import { expect, test } from 'vitest';
import { bindKernels, compileKernels, twinKernels } from '../../dist/native-free-kernels/load.js';
import { HeapViews } from '../../native-free-kernels/heap-views.ts';
import { arrowToHeap } from '../../src/batch/arrow-reader.ts';
import { heapToArrow } from '../../src/batch/arrow-writer.ts';
import { materialise } from '../../src/batch/materialise.ts';
import { dictionariesFor, RowBuilder } from '../../src/batch/row-builder.ts';
import { readRows } from '../../src/batch/row-reader.ts';
import { MillraceError } from '../../src/errors.ts';
import type { Fields, Row } from '../../src/plan/types.ts';
import { testHeap } from '../support/heap.ts';

const fields: Fields = [
  { name: 'n', type: { kind: 'int32' }, nullable: true }, { name: 'b', type: { kind: 'bool' }, nullable: true }, { name: 'd', type: { kind: 'dictionary', index: 'int16' }, nullable: true },
  { name: 's', type: { kind: 'utf8' }, nullable: true }, { name: 'a', type: { kind: 'decimal', precision: 9, scale: 1 }, nullable: false },
];
const rows: Row[] = Array.from({ length: 100 }, (_, n) => ({ n: n % 9 ? n : null, b: n % 4 ? n % 2 === 0 : null, d: n % 5 ? `d${n % 7}` : null, s: n % 3 ? `text ${n}` : null, a: `${n}.5` }));

test('addresses beyond 2 GiB', () => {
  const memory = new WebAssembly.Memory({ initial: 65_536, maximum: 65_536, shared: true });
  const heap = new HeapViews(memory);
  let top = 3 * 2 ** 30;
  const allocator = {
    allocate(bytes: number): number {
      const address = top;
      top += Math.ceil(bytes / 64) * 64;
      return address;
    },
    free(): void {},
  };
  const dictionaries = dictionariesFor(fields, heap, allocator);
  const builder = new RowBuilder(fields, heap, allocator, dictionaries);
  for (const row of rows) builder.append(row);
  const { descriptor } = builder.finish();
  expect(readRows(heap, fields, descriptor)).toEqual(rows);
  const module = compileKernels();
  for (const kernels of [bindKernels(module, memory), twinKernels(memory)]) {
    const copy = arrowToHeap(heap, kernels, allocator, fields, heapToArrow(heap, fields, descriptor).slice(3), dictionaries);
    expect(readRows(heap, fields, copy.descriptor)).toEqual(rows.slice(3));
    const data = allocator.allocate(64);
    const valid = allocator.allocate(64);
    const text = allocator.allocate(64);
    heap.u8.set([1, 0, 1], valid);
    heap.u8.set([97, 98, 99], text);
    heap.u32.set([text, 2, 0, 0, text + 1, 2], data / 4);
    for (const type of [{ kind: 'utf8' }, { kind: 'dictionary', index: 'int8' }] as const) {
      const column: Fields = [{ name: 'c', type, nullable: true }];
      expect(readRows(heap, column, materialise(heap, kernels, allocator, column, [{ cls: 'bytes', data, valid, dictionary: 0 }], 3))).toEqual([{ c: 'ab' }, { c: null }, { c: 'bc' }]);
    }
  }
});

test('a full heap loses no rows and no memory', () => {
  const { heap, allocator } = testHeap();
  let left = Infinity;
  const held = new Set<number>();
  const stingy = {
    allocate(bytes: number): number {
      if (left-- <= 0) throw new MillraceError('HEAP_FULL', 'full');
      const address = allocator.allocate(bytes);
      held.add(address);
      return address;
    },
    free: (address: number): void => {
      expect(held.delete(address)).toBe(true);
    },
  };
  const dictionaries = dictionariesFor(fields, heap, stingy);
  const builder = new RowBuilder(fields, heap, stingy, dictionaries);
  for (const row of rows) builder.append(row);
  for (const room of [0, 1]) {
    left = room;
    expect(() => builder.finish()).toThrow(/HEAP_FULL/);
    expect(held.size).toBe(0);
  }
  left = Infinity;
  const { descriptor } = builder.finish();
  expect(readRows(heap, fields, descriptor)).toEqual(rows);
  stingy.free(descriptor);
  for (const dictionary of dictionaries) dictionary?.close();
  expect(held.size).toBe(0);
});
