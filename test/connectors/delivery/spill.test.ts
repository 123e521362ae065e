import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Delivery } from '../../../src/connectors/delivery/delivery.ts';
import { deliveryLimits, type RetryOptions, type SpillOptions } from '../../../src/connectors/delivery/options.ts';
import type { MillraceError } from '../../../src/errors.ts';
import { away, MemoryStore, parcel } from './store.ts';

let folder: string;
const warnings: string[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'millrace-spill-')), 'log');
  warnings.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation(warning => { warnings.push(String(warning)); });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

/** A busy machine may take long. */
const PATIENT = { timeout: 20_000 };
const QUICK: RetryOptions = { firstMs: 1, mostMs: 5, breakMs: 1 };
async function opened(store: MemoryStore, spill: Partial<SpillOptions> = {}, retry: RetryOptions = {}) {
  const delivery = new Delivery(store, deliveryLimits(store.name, { prefer: 'availability', retry: { ...QUICK, ...retry }, spill: { folder, ...spill } }));
  await delivery.open();
  return delivery;
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing', (error: unknown) => (error as MillraceError).message);
const segments = (): string[] => readdirSync(folder).filter(file => file.endsWith('.spill')).map(file => join(folder, file));
/** A store that is there when a test says so. */
class Switched extends MemoryStore {
  there = true;
  constructor() {
    super(() => { if (!this.there) throw away(); });
  }
}

describe('with availability', () => {
  test('the job goes on through an outage, and everything arrives once and in order', async () => {
    const store = new Switched();
    const delivery = await opened(store);
    for (const n of upTo(100)) {
      if (n === 10) store.there = false;
      if (n === 60) store.there = true;
      await delivery.deliver(parcel(n));
      if (n === 59) expect(delivery.stats()).toMatchObject({ spilled: 50, waiting: 50 });
    }
    await delivery.close();
    expect(store.arrived).toEqual(upTo(100));
    expect([delivery.stats().waiting, delivery.stats().retries > 0, segments(), warnings]).toEqual([0, true, [], []]);
  });

  test('an outage costs one attempt, and not one for each batch', async () => {
    const store = new Switched();
    const delivery = await opened(store, {}, { firstMs: 60_000, mostMs: 60_000 });
    store.there = false;
    for (const n of upTo(50)) await delivery.deliver(parcel(n));
    expect(store.attempts).toBeLessThanOrEqual(2);
    await delivery.abort();
  });

  test('what is left at the end is kept, loudly, and the next run delivers it first', async () => {
    const first = new Switched();
    first.there = false;
    const delivery = await opened(first, { closeWithinMs: 20 });
    for (const n of upTo(5)) await delivery.deliver(parcel(n));
    await delivery.close();
    expect(delivery.stats()).toMatchObject({ waiting: 5 });
    expect(warnings).toEqual([`memory(test): 5 batches of results are kept in ${folder}: the store could not be reached. The next run delivers them first.`]);

    const second = new Switched();
    const next = await opened(second);
    for (const n of [5, 6]) await next.deliver(parcel(n));
    await next.close();
    expect(second.arrived).toEqual(upTo(7));
  });

  test('a job that fails keeps what waits', async () => {
    const first = new Switched();
    first.there = false;
    const delivery = await opened(first);
    await delivery.deliver(parcel(1));
    await delivery.abort();
    const second = new Switched();
    await (await opened(second)).close();
    expect(second.arrived).toEqual([1]);
  });

  test('what never passes fails the job at its next batch or at its end, and is kept', async () => {
    const store = new MemoryStore((n, attempt) => { if (n === 1) throw attempt === 0 ? away() : new Error('violates a check'); });
    const delivery = await opened(store);
    await delivery.deliver(parcel(1));
    await vi.waitFor(async () => expect(await codeOf(delivery.deliver(parcel(2)))).toMatch(/SINK_FAILED: memory\(test\): cannot write results that waited: violates a check/), PATIENT);
    expect(await codeOf(delivery.close())).toMatch(/violates a check/);
    expect(warnings.length).toBe(1);
  });

  test('a large log goes through several files, which go as they are delivered', async () => {
    const store = new Switched();
    const delivery = await opened(store, { maxBytes: 8000 });
    store.there = false;
    for (const n of upTo(100)) await delivery.deliver(parcel(n));
    expect(segments().length).toBeGreaterThan(1);
    store.there = true;
    await delivery.close();
    expect([store.arrived, segments()]).toEqual([upTo(100), []]);
  });
});

describe('a log that is full', () => {
  test('blocks until there is room', async () => {
    const store = new Switched();
    const delivery = await opened(store, { maxBytes: 400 });
    store.there = false;
    const all = (async () => { for (const n of upTo(50)) await delivery.deliver(parcel(n)); })();
    await vi.waitFor(() => expect(delivery.stats().waiting).toBeGreaterThan(5), PATIENT);
    expect(delivery.stats().spillBytes).toBeLessThanOrEqual(400);
    store.there = true;
    await all;
    await delivery.close();
    expect(store.arrived).toEqual(upTo(50));
  });

  test('blocks no longer than giveUpAfterMs', async () => {
    const store = new Switched();
    const delivery = await opened(store, { maxBytes: 200 }, { giveUpAfterMs: 30 });
    store.there = false;
    let error = '';
    for (let n = 0; error === ''; n++) await delivery.deliver(parcel(n)).catch((e: unknown) => (error = (e as MillraceError).message));
    expect(error).toMatch(/^SPILL_FULL: memory\(test\): the log in .* has no room: it has its 200 bytes \(spill.maxBytes\); the store could not be reached: connect refused by db\?password=…$/);
    await delivery.abort();
  });

  test('or fails the job at once; what is in it stays for the next run', async () => {
    const store = new Switched();
    const delivery = await opened(store, { maxBytes: 300, whenFull: 'fail' });
    store.there = false;
    let done = 0;
    expect(await codeOf((async () => { for (; ; done++) await delivery.deliver(parcel(done)); })())).toMatch(/^SPILL_FULL: /);
    await delivery.abort();
    const next = new Switched();
    await (await opened(next)).close();
    expect(next.arrived).toEqual(upTo(done));
  });

  test.each(['fail', 'block'] as const)('and so does a disk that is full, in the middle of a record (%s)', async whenFull => {
    const store = new Switched();
    const delivery = await opened(store, { whenFull });
    store.there = false;
    await delivery.deliver(parcel(0));
    const handle = await open(segments()[0]!);
    const prototype = Object.getPrototypeOf(handle) as { write(...args: unknown[]): Promise<unknown> };
    await handle.close();
    const { write } = prototype;
    let full = true;
    vi.spyOn(prototype, 'write').mockImplementation(async function (this: unknown, bytes: unknown, from: unknown, length: unknown, position: unknown) {
      if (!full) return write.call(this, bytes, from, length, position);
      await write.call(this, bytes, from, 5, position);
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    const second = codeOf(delivery.deliver(parcel(1)));
    if (whenFull === 'fail') {
      expect(await second).toMatch(/^SPILL_FULL: .*the disk is full \(ENOSPC\)/);
      full = false;
      await delivery.abort();
      const next = new Switched();
      await (await opened(next)).close();
      expect(next.arrived).toEqual([0]);
    } else {
      store.there = true;
      expect(await second).toBe('nothing');
      full = false;
      await delivery.close();
      expect(store.arrived).toEqual([0, 1]);
    }
  });
});

describe('after a crash', () => {
  const filled = async (count: number): Promise<Buffer> => {
    const store = new Switched();
    store.there = false;
    const delivery = await opened(store, {}, { firstMs: 60_000, mostMs: 60_000 });
    for (const n of upTo(count)) await delivery.deliver(parcel(n));
    await delivery.abort();
    return readFileSync(segments()[0]!);
  };
  const recovered = async (): Promise<number[] | string> => {
    const store = new Switched();
    try {
      await (await opened(store)).close();
      return store.arrived;
    } catch (error) {
      return (error as MillraceError).message;
    }
  };

  test('in the middle of a record, at whatever byte, all complete ones are delivered', async () => {
    const three = await filled(3);
    const path = segments()[0]!;
    const record = 12 + new MemoryStore().encode(parcel(0)).length;
    const start = three.length - 3 * record;
    for (let bytes = 0; bytes <= three.length; bytes++) {
      writeFileSync(path, three.subarray(0, bytes));
      rmSync(join(folder, 'head'));
      expect(await recovered(), `cut at byte ${bytes}`).toEqual(upTo(Math.max(0, Math.floor((bytes - start) / record))));
    }
    // Room that was given out and never filled.
    writeFileSync(path, Buffer.concat([three, Buffer.alloc(100)]));
    expect(await recovered()).toEqual(upTo(3));
  });

  test('delivery goes on where it was', async () => {
    await filled(4);
    const store = new MemoryStore(n => { if (n === 2) throw away(); });
    const delivery = await opened(store);
    await vi.waitFor(() => expect(store.arrived).toEqual([0, 1]), PATIENT);
    await delivery.abort();
    expect(await recovered()).toEqual([2, 3]);
  });

  test('a log that is damaged is not taken for a shorter one', async () => {
    const three = await filled(3);
    const path = segments()[0]!;
    const record = 12 + new MemoryStore().encode(parcel(0)).length;
    for (let at = 0; at < three.length - record; at++) {
      const bytes = Buffer.from(three);
      bytes[at]! ^= 0x10;
      writeFileSync(path, bytes);
      rmSync(join(folder, 'head'), { force: true });
      expect(await recovered(), `byte ${at}`).toMatch(/^BAD_FILE: memory\(test\): .*spill is damaged/);
    }
  });

  test('one of another table or other columns is refused, and left alone', async () => {
    await filled(2);
    const size = statSync(segments()[0]!).size;
    expect(await codeOf(opened(new MemoryStore(() => {}, 'letters')))).toMatch(/^BAD_OPTION: .*were written for another table or other columns/);
    expect(statSync(segments()[0]!).size).toBe(size);
    expect(await recovered()).toEqual([0, 1]);
  });

  test('the lock of a process that is gone holds nobody up; that of another sink does', async () => {
    await filled(1);
    writeFileSync(join(folder, 'lock'), '999999999 1');
    expect(await recovered()).toEqual([0]);
    writeFileSync(join(folder, 'lock'), '');
    const delivery = await opened(new Switched());
    expect(await codeOf(opened(new Switched()))).toMatch(/^BAD_OPTION: memory\(test\): another sink uses the folder/);
    await delivery.close();
    writeFileSync(join(folder, 'lock'), `${process.ppid} ${readFileSync(`/proc/${process.ppid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19]}`);
    expect(await codeOf(opened(new Switched()))).toMatch(/^BAD_OPTION: memory\(test\): process \d+ uses the folder/);
    rmSync(join(folder, 'lock'));
  });

  test('a segment cut in the middle of the log is damage', async () => {
    const store = new Switched();
    store.there = false;
    const delivery = await opened(store, { maxBytes: 8000 }, { firstMs: 60_000, mostMs: 60_000 });
    for (const n of upTo(150)) await delivery.deliver(parcel(n));
    await delivery.abort();
    expect(segments().length).toBeGreaterThan(1);
    truncateSync(segments()[0]!, 100);
    expect(await recovered()).toMatch(/BAD_FILE/);
    expect(existsSync(segments()[1]!)).toBe(true);
  });
});
