import { MillraceError } from '../../errors.js';
import type { Fields } from '../../plan/types.js';
import type { ResultBatch } from '../sink.js';

/** Rows of a batch that belong to the same files. */
export interface RowGroup {
  /** What the paths of its files begin with. */
  readonly path: string;
  readonly rows: number[];
}

/** Splits batches by window. Throws BAD_OPTION where results have none. */
export function windowGroups(name: string, fields: Fields): (batch: ResultBatch) => RowGroup[] {
  const start = fields.find(field => field.name === 'windowStart');
  if (start?.type.kind !== 'timestamp' || start.nullable) {
    throw new MillraceError('BAD_OPTION', `${name}: roll.by: 'window' needs results with a column windowStart; they have ${fields.map(field => field.name).join(', ')}`);
  }
  const { unit } = start.type;
  const end = fields.find(field => field.name === 'windowEnd' && field.type.kind === 'timestamp' && !field.nullable);
  return batch => {
    const starts = batch.values('windowStart') as BigInt64Array;
    const ends = end === undefined ? null : batch.values('windowEnd') as BigInt64Array;
    const groups = new Map<string, RowGroup>();
    let last: RowGroup | null = null;
    for (let row = 0; row < batch.rows; row++) {
      // Rows of a window mostly follow one another.
      if (last === null || starts[row] !== starts[row - 1] || (ends !== null && ends[row] !== ends[row - 1])) {
        const path = `window=${timeName(starts[row]!, unit)}${ends === null ? '' : `-${timeName(ends[row]!, unit)}`}/part`;
        last = groups.get(path) ?? { path, rows: [] };
        groups.set(path, last);
      }
      last.rows.push(row);
    }
    return [...groups.values()];
  };
}

const TICKS = { ms: 1000n, us: 1_000_000n } as const;

/** A time as part of a file's name: `20260101T090000Z`, with as many digits of the second as its unit has where they are not all 0. */
export function timeName(time: bigint, unit: 'ms' | 'us'): string {
  const perSecond = TICKS[unit];
  const rest = ((time % perSecond) + perSecond) % perSecond;
  const date = new Date(Number((time - rest) / perSecond) * 1000);
  // Beyond the calendar of JavaScript.
  if (Number.isNaN(date.getTime())) return `${time}${unit}`;
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(String(perSecond).length - 1, '0')}`;
  return date.toISOString().replace(/\.\d+Z$/, `${fraction}Z`).replaceAll(/(?!^)-|:/g, '');
}
