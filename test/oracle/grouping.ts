import type { Aggregate } from '../../src/plan/plan.ts';
import type { Entry } from './aggregates.ts';
import { type Cell, identityOf, RowFault } from './cells.ts';
import { countWindowsOf, LiveSessions } from './sessions.ts';
import { openWindows, type Span, windowsOfRow } from './windows.ts';

/** A row that has come as far as the aggregate. */
export interface Arrival {
  readonly keys: readonly Cell[];
  /** One per aggregate: null where a condition does not let the row count. */
  readonly entries: readonly (Entry | null)[];
  readonly time: bigint | null;
  /** For a calendar whose zone is a column. */
  readonly zone: string | null;
}
/** A group of a window. */
export interface Group {
  readonly keys: readonly Cell[];
  /** What the window adds to the result. */
  readonly window: readonly bigint[];
  /** One list per aggregate. */
  readonly entries: readonly (readonly Entry[])[];
}
type Timed = Arrival & { readonly time: bigint };

/** Rows to groups and windows, row by row in ingest order. */
export class Grouping {
  private readonly aligned = new Map<string, { keys: readonly Cell[]; span: Span; rows: Arrival[] }>();
  private readonly sessions = new Map<string, { keys: readonly Cell[]; live: LiveSessions<Timed> }>();
  private readonly counted = new Map<string, { keys: readonly Cell[]; rows: Arrival[] }>();
  constructor(private readonly spec: Pick<Aggregate, 'window' | 'accept' | 'aggregates'>) {}

  /** False: the row is late. `watermark`: as it stands just before the row. Throws RowFault. */
  add(row: Arrival, watermark: bigint | null): boolean {
    const { window } = this.spec;
    const accept = BigInt(this.spec.accept);
    const id = JSON.stringify(row.keys.map(identityOf));
    if (window.kind === 'count') {
      entryOf(this.counted, id, () => ({ keys: row.keys, rows: [] })).rows.push(row);
      return true;
    }
    if (window.kind === 'session') {
      const { live } = entryOf(this.sessions, id, () => ({ keys: row.keys, live: new LiveSessions<Timed>(window, accept) }));
      const time = timeOf(row);
      if (time + BigInt(window.gap) > 2n ** 63n - 1n) throw new RowFault('OVERFLOW', 'session');
      return live.add({ ...row, time }, watermark);
    }
    const windows = windowsOfRow(window, window.kind === 'global' ? 0n : timeOf(row), row.zone);
    if (typeof windows === 'string') throw new RowFault(windows, 'window');
    // The global window closes with the input: nothing is late for it.
    const open = window.kind === 'global' ? windows : openWindows(windows, accept, watermark);
    for (const span of open) entryOf(this.aligned, `${span.start} ${span.end} ${id}`, () => ({ keys: row.keys, span, rows: [] })).rows.push(row);
    return open.length > 0;
  }

  groups(): Group[] {
    const { window } = this.spec;
    const group = (keys: readonly Cell[], of: readonly bigint[], rows: readonly Arrival[]): Group =>
      ({ keys, window: of, entries: this.spec.aggregates.map((_, i) => rows.flatMap(row => row.entries[i] ?? [])) });
    return [
      ...[...this.aligned.values()].map(({ keys, span, rows }) => group(keys, window.kind === 'global' ? [] : [span.start, span.end], rows)),
      ...[...this.sessions.values()].flatMap(({ keys, live }) => live.end().map(session => group(keys, [session.start, session.end], session.rows))),
      ...[...this.counted.values()].flatMap(({ keys, rows }) => countWindowsOf(window.kind === 'count' ? window.rows : 1, rows).map((part, number) => group(keys, [BigInt(number)], part))),
    ];
  }
}

function entryOf<T>(map: Map<string, T>, id: string, make: () => T): T {
  const known = map.get(id) ?? make();
  map.set(id, known);
  return known;
}
function timeOf({ time }: Arrival): bigint {
  if (time === null) throw new Error('a window without event time');
  return time;
}
