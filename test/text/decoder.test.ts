import { expect, test } from 'vitest';
import { TextDecoderStage } from '../../src/batch/text-decoder.ts';
import type { Fields } from '../../src/plan/types.ts';
import { testHeap } from '../support/heap.ts';
import { rawValue } from './support.ts';

const fields: Fields = [{ name: 's', type: { kind: 'utf8' }, nullable: false }, { name: 'x', type: { kind: 'float64' }, nullable: false }];

for (const kernels of ['wasm', 'twins'] as const) {
  for (const [format, text] of [[{ kind: 'json' }, '{"s":"at the very end","x":1.5}'], [{ kind: 'csv', delimiter: ',', columns: [0, 1] }, '"at the very end",1.5']] as const) {
    test(`${format.kind} in the last bytes of the heap, with and without a line feed (${kernels})`, () => {
      for (const end of ['', '\n']) {
        const base = testHeap(4);
        const bytes = Buffer.from(text + end);
        const address = base.heap.u8.length - bytes.length;
        base.heap.u8.set(bytes, address);
        const stage = new TextDecoderStage({ fields, format, heap: base.heap, kernels: base[kernels], allocator: base.allocator });
        const { descriptor, rows, bad } = stage.decode(address, bytes.length);
        expect([rows, bad]).toEqual([1, []]);
        expect(rawValue(base.heap, descriptor, 0, fields[0]!.type, 0)).toBe('at the very end');
        expect(rawValue(base.heap, descriptor, 1, fields[1]!.type, 0)).toBe(1.5);
      }
    });
  }
}

test('when there is no room for the batch, nothing is left behind, and the next try succeeds', () => {
  const base = testHeap(16);
  let room = 2;
  const live = new Set<number>();
  const allocator = {
    allocate(bytes: number): number {
      if (room-- <= 0) throw new Error('full');
      const address = base.allocator.allocate(bytes);
      live.add(address);
      return address;
    },
    free: (address: number): void => { live.delete(address); },
  };
  const text = Buffer.from('{"s":"a","x":1}\n');
  const address = base.allocator.allocate(text.length);
  base.heap.u8.set(text, address);
  const stage = new TextDecoderStage({ fields, format: { kind: 'json' }, heap: base.heap, kernels: base.wasm, allocator });
  expect(() => stage.decode(address, text.length)).toThrow('full');
  expect(live.size).toBe(1);
  room = 2;
  const { descriptor, rows } = stage.decode(address, text.length);
  expect(rows).toBe(1);
  allocator.free(descriptor);
  stage.close();
  expect(live.size).toBe(0);
});

test('a later item does not see what was remembered of an earlier one', () => {
  const base = testHeap(16);
  const stage = new TextDecoderStage({ fields, format: { kind: 'json' }, heap: base.heap, kernels: base.wasm, allocator: base.allocator });
  const address = base.allocator.allocate(64);
  for (const text of ['{"s":"a","x":1}\n', '{"x":2,"s":"b"}\n', '{"t":"c","y":3}\n']) {
    base.heap.u8.set(Buffer.from(text), address);
    const { rows, bad } = stage.decode(address, text.length);
    expect([rows, bad.map(({ code }) => code)]).toEqual(text.includes('t') ? [0, ['NULL_IN_NON_NULL']] : [1, []]);
  }
});
