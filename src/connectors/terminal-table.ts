import { MillraceError } from '../errors.js';
import type { Fields } from '../plan/types.js';
import { columnTexts } from './column-text.js';
import { displayWidth, fitWidth } from './display-width.js';
import { FileOutput, type OutputTarget } from './file-output.js';
import type { ResultBatch, Sink } from './sink.js';

/** Options of `terminalTable`. */
export interface TerminalTableOptions {
  /** Rows to show; of more, the number is told. Default 50. */
  readonly maxRows?: number;
  /** A line above the table. Default: none. */
  readonly title?: string;
  /** Columns of the terminal; wider values are cut. Default 40. */
  readonly maxColumnWidth?: number;
  /** Where to; default standard output. */
  readonly output?: OutputTarget;
}

const NUMERIC = /^(?:u?int|float|decimal)/;
const LINES = { top: ['┌', '┬', '┐'], middle: ['├', '┼', '┤'], bottom: ['└', '┴', '┘'] } as const;

/** Control characters would move the cursor; they are shown as their pictures. */
const visible = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f]/g, character => (character === '\u007f' ? '␡' : String.fromCharCode(0x2400 + character.charCodeAt(0))))
    .replace(/[\u0080-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

class TerminalTable implements Sink {
  readonly name = 'terminalTable';
  readonly #maxRows: number;
  readonly #maxWidth: number;
  #output: FileOutput | null = null;
  #fields: Fields = [];
  #cells: string[][] = [];
  #rows = 0;

  constructor(readonly options: TerminalTableOptions) {
    this.#maxRows = options.maxRows ?? 50;
    this.#maxWidth = options.maxColumnWidth ?? 40;
    if (!(this.#maxRows >= 0)) throw new MillraceError('BAD_OPTION', 'terminalTable: maxRows must be 0 or more');
    if (!(this.#maxWidth >= 1)) throw new MillraceError('BAD_OPTION', 'terminalTable: maxColumnWidth must be 1 or more');
  }

  open(fields: Fields): void {
    this.#output = new FileOutput(this.options.output ?? '-', this.name);
    this.#fields = fields;
    this.#cells = [];
    this.#rows = 0;
  }

  write(batch: ResultBatch): void {
    const shown = Math.min(batch.rows, this.#maxRows - this.#cells.length);
    this.#rows += batch.rows;
    if (shown <= 0) return;
    const columns = columnTexts(batch);
    for (let row = 0; row < shown; row++) {
      this.#cells.push(columns.map(column => (column.isNull(row) ? 'null' : fitWidth(visible(column.text(row)), this.#maxWidth))));
    }
  }

  /** Draws the table: its widths are known only when all rows are. */
  async close(): Promise<void> {
    const output = this.#output!;
    if (this.options.title !== undefined) output.add(`${this.options.title}\n`);
    output.add(this.#draw());
    const more = this.#rows - this.#cells.length;
    if (more > 0) output.add(`… and ${more.toLocaleString('en-US')} more row${more === 1 ? '' : 's'}\n`);
    if (this.#rows === 0) output.add('no rows\n');
    await output.close();
  }

  #draw(): string {
    const heads = this.#fields.map(field => fitWidth(visible(field.name), this.#maxWidth));
    const widths = heads.map((head, column) => this.#cells.reduce((width, cells) => Math.max(width, displayWidth(cells[column]!)), displayWidth(head)));
    const right = this.#fields.map(field => NUMERIC.test(field.type.kind));
    const line = (cells: readonly string[]): string => `│${cells.map((cell, column) => {
      const space = ' '.repeat(widths[column]! - displayWidth(cell));
      return right[column] ? ` ${space}${cell} ` : ` ${cell}${space} `;
    }).join('│')}│\n`;
    const rule = ([left, cross, end]: readonly [string, string, string]): string => `${left}${widths.map(width => '─'.repeat(width + 2)).join(cross)}${end}\n`;
    return rule(LINES.top) + line(heads) + rule(LINES.middle) + this.#cells.map(line).join('') + rule(LINES.bottom);
  }

  async abort(): Promise<void> {
    this.#cells = [];
    if (this.options.output !== undefined) await this.#output?.abort();
  }
}

/** Shows results as a table when the job ends: numbers to the right, at most `maxRows` rows, and how many there are beyond. */
export const terminalTable = (options: TerminalTableOptions = {}): Sink => new TerminalTable(options);
