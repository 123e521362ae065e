import { columnTexts, type ColumnText } from './column-text.js';
import { isDeletedRow, newestRows, type RowPlan } from './newest-rows.js';
import type { Target } from './postgres-statements.js';
import { elementReader } from './postgres-types.js';
import type { ResultBatch } from './sink.js';

/** One batch of results, on its way into parameters of statements. Valid as long as the batch is. */
export class PostgresRows {
  private readonly texts: readonly ColumnText[];
  constructor(batch: ResultBatch, private readonly plan: RowPlan) {
    this.texts = columnTexts(batch);
    this.rows = batch.rows;
  }
  private readonly rows: number;

  /** The newest row of each key: PostgreSQL refuses a statement that would change the same row twice. */
  newest(): number[] {
    return newestRows(this.texts, this.rows, this.plan);
  }

  all(): number[] {
    return Array.from({ length: this.rows }, (_, row) => row);
  }

  isDeleted(row: number): boolean {
    return isDeletedRow(this.texts, this.plan, row);
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
