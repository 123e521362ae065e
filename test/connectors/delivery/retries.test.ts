import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Delivery } from '../../../src/connectors/delivery/delivery.ts';
import { deliveryLimits, type DeliveryOptions } from '../../../src/connectors/delivery/options.ts';
import type { MillraceError } from '../../../src/errors.ts';
import { away, MemoryStore, parcel } from './store.ts';

/** By a clock that the tests move: none of them waits. */
beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }); });
afterEach(() => { vi.useRealTimers(); });

const deliveryTo = (store: MemoryStore, options: DeliveryOptions = {}) => new Delivery(store, deliveryLimits(store.name, options));
/** What becomes of a promise, while the clock runs to `ms`. */
async function outcome(promise: Promise<unknown>, ms: number): Promise<MillraceError | 'done' | 'waits'> {
  let state: MillraceError | 'done' | 'waits' = 'waits';
  promise.then(() => (state = 'done'), (error: MillraceError) => (state = error));
  await vi.advanceTimersByTimeAsync(ms);
  return state;
}

describe('with consistency', () => {
  test('a failure that passes is waited out, with waits that grow, and counted', async () => {
    const at: number[] = [];
    const store = new MemoryStore((_n, attempt) => {
      at.push(Date.now());
      if (attempt < 4) throw away();
    });
    const delivery = deliveryTo(store);
    const begun = Date.now();
    expect(await outcome(delivery.deliver(parcel(1)), 20_000)).toBe('done');
    expect(store.arrived).toEqual([1]);
    expect(delivery.stats()).toEqual({ retries: 4, spilled: 0, waiting: 0, spillBytes: 0 });
    expect(at[0]).toBe(begun);
    const spans = at.slice(1).map((time, i) => time - at[i]!);
    expect(Math.max(...spans)).toBeLessThanOrEqual(5000);
    expect(at.at(-1)! - begun).toBeGreaterThan(400);
  });

  test('what does not pass fails at once', async () => {
    const store = new MemoryStore(() => { throw new Error('no such column'); });
    const error = await deliveryTo(store).deliver(parcel(1)).catch((e: unknown) => e) as MillraceError;
    expect([error.code, error.message, store.attempts]).toEqual(['SINK_FAILED', 'SINK_FAILED: memory(test): cannot write 1 rows: no such column', 1]);
  });

  test('it gives up after giveUpAfterMs with one coded error, which tells no secret', async () => {
    const store = new MemoryStore(() => { throw away(); });
    const promise = deliveryTo(store, { retry: { giveUpAfterMs: 60_000 } }).deliver(parcel(1));
    expect(await outcome(promise, 59_000)).toBe('waits');
    const error = await outcome(promise, 6001) as MillraceError;
    expect(error.code).toBe('SINK_UNREACHABLE');
    expect(error.message).toMatch(/^SINK_UNREACHABLE: memory\(test\): cannot write 1 rows after \d+ attempts in 6\d\.\d s: connect refused by db\?password=…$/);
    expect(JSON.stringify([error.stack, (error.cause as Error).stack])).not.toContain('hunter2');
    expect(store.arrived).toEqual([]);
  });

  test('an attempt without an answer ends after attemptMs', async () => {
    const store = new MemoryStore((_n, attempt) => (attempt === 0 ? new Promise(() => {}) : undefined));
    const promise = deliveryTo(store, { retry: { attemptMs: 1000 } }).deliver(parcel(7));
    expect(await outcome(promise, 999)).toBe('waits');
    expect(await outcome(promise, 1000)).toBe('done');
    expect(store.arrived).toEqual([7]);
  });

  test('while the circuit is open nothing is tried', async () => {
    const store = new MemoryStore(() => { throw away(); });
    const retry = { firstMs: 1, mostMs: 10, breakAfter: 3, breakMs: 10_000, giveUpAfterMs: 100_000 };
    void deliveryTo(store, { retry }).deliver(parcel(1)).catch(() => {});
    await vi.advanceTimersByTimeAsync(9000);
    expect(store.attempts).toBe(3);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.attempts).toBe(4);
  });

  test('an abort ends the wait, and nothing is tried any more', async () => {
    const store = new MemoryStore(() => { throw away(); });
    const delivery = deliveryTo(store);
    const promise = delivery.deliver(parcel(1));
    await vi.advanceTimersByTimeAsync(3000);
    const { attempts } = store;
    await delivery.abort();
    expect((await outcome(promise, 0) as MillraceError).code).toBe('CANCELLED');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.attempts).toBe(attempts);
  });

  test('questions are tried again as well', async () => {
    let asked = 0;
    const answer = deliveryTo(new MemoryStore()).ask('cannot look at the table', async () => {
      if (asked++ < 2) throw away();
      return 'a table';
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await answer).toBe('a table');
  });
});

test('options that cannot be are refused', () => {
  const wrong: [unknown, RegExp][] = [
    [{ prefer: 'speed' }, /prefer must be/], [{ prefer: 'availability' }, /needs spill: \{ folder \}/], [{ spill: { folder: 'x' } }, /no use without/],
    [{ prefer: 'availability', spill: { folder: '' } }, /spill.folder must be/], [{ prefer: 'availability', spill: { folder: 'x', maxBytes: 0 } }, /spill.maxBytes must be/],
    [{ prefer: 'availability', spill: { folder: 'x', whenFull: 'drop' } }, /spill.whenFull must be/], [{ retry: { giveUpAfterMs: 1.5 } }, /retry.giveUpAfterMs must be/], [{ retry: { times: 3 } }, /retry has no option 'times'; it has firstMs/],
  ];
  for (const [options, message] of wrong) expect(() => deliveryLimits('x', options as DeliveryOptions)).toThrow(message);
  expect(deliveryLimits('x', { retry: { firstMs: 5, mostMs: undefined } as object }).retry).toMatchObject({ firstMs: 5, mostMs: 5000 });
});
