import type { Row } from '../plan/types.js';
import type { ResultBatch, Sink } from './sink.js';

/** A sink that keeps all rows in memory: `const sink = collect<Result>()`, then `sink.rows`. */
export function collect<R = Row>(): Sink & { readonly rows: R[] } {
  const rows: R[] = [];
  return {
    name: 'collect()',
    rows,
    open: () => {
      rows.length = 0;
    },
    write: (batch: ResultBatch) => {
      for (const row of batch.toRows()) rows.push(row as R);
    },
    close: () => {},
    abort: () => {
      rows.length = 0;
    },
  };
}
