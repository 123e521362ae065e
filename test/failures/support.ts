import { expect } from 'vitest';
import { collect, type CollectSink, type JobStats, MillraceError, type ResultBatch, type Row, schema, type Sink, type Source, type SourceContext, type SourceItem, type SourceReader, t } from 'millrace';

/** What does not end within this time hangs. It is long only for the sake of busy machines. */
const BOUND_MS = 15_000;
export const bounded = { timeout: 2 * BOUND_MS };

/** Small, so that engines start quickly. */
export const SMALL = { workers: 2, heap: '64MiB' } as const;

export const Event = schema({ key: t.utf8, n: t.int64, at: t.timestamp });
export interface EventRow { readonly key: string; readonly n: number; readonly at: number }
export const events = (count: number, keys = 10): EventRow[] => Array.from({ length: count }, (_, n) => ({ key: `key ${n % keys}`, n, at: n }));
export function* endless(pause: () => void = () => {}): Generator<EventRow> {
  for (let n = 0; ; n++) {
    pause();
    yield { key: `key ${n % 10}`, n, at: n };
  }
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
export const never = <T>(): Promise<T> => new Promise(() => {});

/** Fails where a promise takes longer than `ms`. */
export async function within<T>(promise: Promise<T>, ms: number = BOUND_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`not settled after ${ms} ms`)), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The one coded error that a promise rejects with. */
export async function failure(promise: Promise<unknown>, ms: number = BOUND_MS): Promise<MillraceError> {
  const error = await within(promise.then(() => null, (thrown: unknown) => thrown), ms);
  expect(error).toBeInstanceOf(MillraceError);
  return error as MillraceError;
}

/** Checks of each source that every row is accounted for. */
export function expectBalanced(stats: JobStats): void {
  for (const { read, filtered, applied, late, deadLettered, replayed } of stats.sources) expect(filtered + applied + late + deadLettered + replayed).toBe(read);
}

/** A sink that says what happened to it; `on` does what it likes at each step. */
export class ProbeSink implements Sink {
  readonly calls: string[] = [];
  rows = 0;
  constructor(private readonly on: { open?(): unknown; write?(batch: ResultBatch, number: number): unknown; close?(): unknown; abort?(): unknown } = {}, readonly name: string = 'probe') {}
  open(): void | Promise<void> {
    this.calls.push('open');
    return this.on.open?.() as void;
  }
  async write(batch: ResultBatch): Promise<void> {
    if (this.calls.at(-1) !== 'write') this.calls.push('write');
    const { rows: count } = batch;
    await this.on.write?.(batch, this.rows);
    this.rows += count;
  }
  close(): void | Promise<void> {
    this.calls.push('close');
    return this.on.close?.() as void;
  }
  abort(): void | Promise<void> {
    this.calls.push('abort');
    return this.on.abort?.() as void;
  }
}

/** A source of one's own making. */
export function sourceOf(reader: (context: SourceContext) => Partial<SourceReader> | Promise<Partial<SourceReader>>, name = 'handmade'): Source {
  return {
    name, bounded: true, dictionaries: true,
    read: async context => ({ next: () => Promise.resolve(null), close: () => Promise.resolve(), ...(await reader(context)) }),
  };
}
export const batchOf = (count: number): SourceItem => ({ kind: 'rows', rows: events(count) });

export interface Letters { readonly sink: CollectSink<Row>; list(): string[] }
/** A dead-letter sink whose letters can be compared: `position reason`. */
export function letterBox(): Letters {
  const sink = collect<Row>();
  return { sink, list: () => sink.rows.map(row => `${String(row['position'])} ${String(row['reason'])}`) };
}
