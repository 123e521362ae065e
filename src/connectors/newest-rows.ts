import type { ColumnText } from './column-text.js';

/** Which result columns say what of a row; indexes into the batch's fields. */
export interface RowPlan {
  readonly key: readonly number[];
  readonly version: number | null;
  readonly deleted: number | null;
}

/** The newest row of each key: the one with the greatest version, the last of equal ones. */
export function newestRows(texts: readonly ColumnText[], rows: number, { key, version }: RowPlan): number[] {
  if (rows === 1) return [0];
  const columns = key.map(index => texts[index]!);
  const found = new Map<string, number>();
  for (let row = 0; row < rows; row++) {
    // With its length in front no text can be taken for the end of another.
    const id = columns.length === 1 ? columns[0]!.text(row) : columns.map(column => lengthFirst(column.text(row))).join('');
    const other = found.get(id);
    if (other === undefined || version === null || compareIntegers(texts[version]!.text(row), texts[version]!.text(other)) >= 0) found.set(id, row);
  }
  return [...found.values()];
}

export const isDeletedRow = (texts: readonly ColumnText[], { deleted }: RowPlan, row: number): boolean => deleted !== null && texts[deleted]!.text(row) === 'true';

const lengthFirst = (text: string): string => `${text.length}:${text}`;
/** Integers as text, without losing digits: most have so few that numbers will do. */
function compareIntegers(left: string, right: string): number {
  if (left.length < 16 && right.length < 16) return Number(left) - Number(right);
  const [a, b] = [BigInt(left), BigInt(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}
