import type { Branch } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { type Cell, cellOfValue, RowFault } from './cells.ts';
import type { Columns } from './evaluate.ts';

export function cellAt(cells: Columns, name: string): Cell {
  const cell = cells.get(name);
  if (cell === undefined) throw new Error(`no column ${name}`);
  return cell;
}

/** Checks a row against the schema. `time` is in ms for a date, else in the unit of its column. */
export function readRow(row: unknown, branch: Branch): { cells: Columns; time: bigint | null } {
  if (typeof row !== 'object' || row === null) throw new RowFault('BAD_ROW', 'not an object');
  const cells = new Map<string, Cell>();
  for (const field of branch.source.schema) {
    const value: unknown = (row as Record<string, unknown>)[field.name] ?? null;
    const cell = value === null ? null : cellOfValue(value, field.type);
    if (cell === undefined) throw new RowFault('BAD_ROW', field.name);
    const needed = !field.nullable || field.name === branch.eventTime?.column;
    if (cell === null && needed) throw new RowFault('NULL_IN_NON_NULL', field.name);
    cells.set(field.name, cell);
  }
  if (branch.eventTime === null) return { cells, time: null };
  const { column } = branch.eventTime;
  const raw = cellAt(cells, column);
  const type = branch.source.schema.find(f => f.name === column)?.type as DataType;
  if (typeof raw !== 'bigint') throw new Error('event time is no time');
  return { cells, time: (type.kind === 'date' ? raw * 86_400_000n : raw) + BigInt(branch.eventTime.shift) };
}
