import type { Sink } from '../../src/connectors/sink.ts';
import type { Source } from '../../src/connectors/source.ts';

/** A source that can be planned with, not read. */
export const fakeSource = (options: Partial<Pick<Source, 'name' | 'bounded' | 'dictionaries'>> = {}): Source => ({
  name: 'fake', bounded: true, dictionaries: true, ...options,
  read: () => Promise.reject(new Error('A fake source has no rows.')),
});
export const fakeSink = (): Sink => ({ name: 'fake', open() {}, write() {}, close() {}, abort() {} });

/** The MillraceError that `act` throws. */
export function errorOf(act: () => unknown): { code: string; message: string } {
  try {
    act();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('Nothing was thrown.');
}
