import { columnTexts, type ColumnText } from './column-text.js';
import type { Target } from './postgres-statements.js';
import { elementReader } from './postgres-types.js';
import type { ResultBatch } from './sink.js';

/** Which result columns say what of a row; indexes into the batch's fields. */
export interface RowPlan {
  readonly key: readonly number[];
  readonly version: number | null;
  readonly deleted: number | null;
}

/** One batch of results, on its way into parameters of statements. Valid as long as the batch is. */
export class PostgresRows {
  private readonly texts: readonly ColumnText[];
  constructor(batch: ResultBatch, private readonly plan: RowPlan) {
    this.texts = columnTexts(batch);
    this.rows = batch.rows;
  }
  private readonly rows: number;

  /**
   * The newest row of each key: the one with the greatest version, the last of equal ones. PostgreSQL refuses a statement that would
   * change the same row twice.
   */
  newest(): number[] {
    if (this.rows === 1) return [0];
    const { key, version } = this.plan;
    const columns = key.map(index => this.texts[index]!);
    const found = new Map<string, number>();
    for (let row = 0; row < this.rows; row++) {
      // With its length in front no text can be taken for the end of another.
      const id = columns.length === 1 ? columns[0]!.text(row) : columns.map(column => lengthFirst(column.text(row))).join('');
      const other = found.get(id);
      if (other === undefined || version === null || compareIntegers(this.texts[version]!.text(row), this.texts[version]!.text(other)) >= 0) found.set(id, row);
    }
    return [...found.values()];
  }

  all(): number[] {
    return Array.from({ length: this.rows }, (_, row) => row);
  }

  isDeleted(row: number): boolean {
    const { deleted } = this.plan;
    return deleted !== null && this.texts[deleted]!.text(row) === 'true';
  }

  /**
   * Rows as parameters, cut into bounded parts: for each part the number of rows and the text of one array per target. A part has at
   * least one row.
   */
  *parts(rows: readonly number[], targets: readonly { readonly target: Target; readonly index: number }[], limits: { rows: number; bytes: number }): Generator<{ rows: number; parameters: string[] }> {
    const columns = targets.map(({ index }) => ({ isNull: this.texts[index]!.isNull, element: elementReader(this.texts[index]!) }));
    for (let from = 0; from < rows.length;) {
      const arrays: string[][] = columns.map(() => []);
      let to = from, bytes = 0;
      for (; to < rows.length && to - from < limits.rows && (bytes < limits.bytes || to === from); to++) {
        for (let i = 0; i < columns.length; i++) {
          const element = columns[i]!.isNull(rows[to]!) ? 'NULL' : columns[i]!.element(rows[to]!);
          bytes += element.length + 1;
          arrays[i]!.push(element);
        }
      }
      yield { rows: to - from, parameters: arrays.map(elements => `{${elements.join(',')}}`) };
      from = to;
    }
  }
}

const lengthFirst = (text: string): string => `${text.length}:${text}`;
/** Integers as text, without losing digits: most have so few that numbers will do. */
function compareIntegers(left: string, right: string): number {
  if (left.length < 16 && right.length < 16) return Number(left) - Number(right);
  const [a, b] = [BigInt(left), BigInt(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}
