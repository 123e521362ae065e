import type { Window } from '../../src/plan/window-plan.ts';
import { floorDiv } from './calendar.ts';
import type { Span } from './windows.ts';

export interface Session<Row> extends Span { readonly rows: readonly Row[] }
interface Timed { readonly time: bigint }
type SessionWindow = Extract<Window, { kind: 'session' }>;

/**
 * The sessions of the rows of one group: sorted, and joined where a row is at most a gap behind the one before (one that is exactly a gap
 * behind joins). A session ends a gap behind its last row. With `maxLength`, every multiple of it since 1970 ends the session that runs.
 */
export function sessionsOf<Row extends Timed>(window: Pick<SessionWindow, 'gap' | 'maxLength'>, rows: readonly Row[]): Session<Row>[] {
  const [gap, longest] = [BigInt(window.gap), window.maxLength === null ? null : BigInt(window.maxLength)];
  const sessions: { start: bigint; end: bigint; rows: Row[] }[] = [];
  for (const row of [...rows].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))) {
    const cut = longest === null ? null : (floorDiv(row.time, longest) + 1n) * longest;
    const end = cut !== null && row.time + gap > cut ? cut : row.time + gap;
    const last = sessions.at(-1);
    const joins = last !== undefined && row.time <= last.rows.at(-1)!.time + gap
      && (longest === null || floorDiv(last.start, longest) === floorDiv(row.time, longest));
    if (!joins) sessions.push({ start: row.time, end, rows: [row] });
    else {
      last.end = end;
      last.rows.push(row);
    }
  }
  return sessions;
}

/**
 * The sessions of one group, row by row in ingest order. A row is late if the session that it would make, with the sessions it joins, ends
 * (with what is accepted) at or before the watermark. Sessions that end so early take no more rows: what comes later begins anew.
 */
export class LiveSessions<Row extends Timed> {
  private live: Row[] = [];
  private readonly closed: Session<Row>[] = [];
  constructor(private readonly window: Pick<SessionWindow, 'gap' | 'maxLength'>, private readonly accept: bigint) {}

  /** False: the row is late. `watermark`: as it stands just before the row; null: nowhere yet. */
  add(row: Row, watermark: bigint | null): boolean {
    this.close(watermark);
    const joined = sessionsOf(this.window, [...this.live, row]).find(session => session.rows.includes(row))!;
    if (watermark !== null && joined.end + this.accept <= watermark) return false;
    this.live.push(row);
    return true;
  }
  /** All sessions, those that could still grow included. */
  end(): Session<Row>[] {
    return [...this.closed, ...sessionsOf(this.window, this.live)];
  }

  private close(watermark: bigint | null): void {
    if (watermark === null) return;
    for (const session of sessionsOf(this.window, this.live)) {
      if (session.end + this.accept > watermark) continue;
      this.closed.push(session);
      this.live = this.live.filter(row => !session.rows.includes(row));
    }
  }
}

/** Windows of `size` rows of one group, in the order in which they were read; what is left is one, too. */
export function countWindowsOf<Row>(size: number, rows: readonly Row[]): Row[][] {
  const windows: Row[][] = [];
  for (let from = 0; from < rows.length; from += size) windows.push(rows.slice(from, from + size));
  return windows;
}
