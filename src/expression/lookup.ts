import type { LookupExpression } from '../plan/expression-tree.js';
import type { DataType } from '../plan/types.js';
import { CodeTable } from './code-table.js';
import type { Frame, Tools } from './frame.js';
import { KeyIndex } from './key-index.js';
import type { StaticTableData } from './loaded-table.js';
import { nullConstant, type Node } from './node.js';
import { isNullConstant, type Operand } from './operand.js';

/** `lookup(arg, table).column`. */
export class Lookup implements Node {
  readonly #keys: KeyIndex;
  readonly #values: CodeTable;
  constructor(tools: Tools, readonly expression: LookupExpression, readonly arg: Node, table: StaticTableData) {
    const column = table.columns[expression.column];
    if (column === undefined) throw new TypeError(`a static table has no column ${expression.column}`);
    this.#keys = new KeyIndex(table.keys);
    this.#values = CodeTable.over(tools, column);
  }
  get type(): DataType { return this.expression.type; }
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    if (isNullConstant(arg)) return { ...nullConstant(frame.tools, 'i64'), cls: this.#values.cls, dictionary: this.#values.dictionary };
    const numbers = this.#keys.probe(frame, arg);
    if (arg.constant) return this.#values.mapOne(frame, numbers);
    if (arg.valid !== 0) hideNulls(frame, numbers, arg.valid);
    return this.#values.map(frame, 4, 0, numbers, true);
  }
}
/** A null key finds nothing. */
function hideNulls(frame: Frame, numbers: number, valid: number): void {
  const absent = frame.take(frame.rows * 4);
  const { kernels, rows, tools } = frame;
  const count = kernels.selectBytes(rows, valid, 0, 0, tools.steps, absent);
  if (count === 0) return;
  const none = frame.take(4);
  tools.heap.i32[none >>> 2] = -1;
  kernels.scatter32(count, absent, none, 0, numbers);
}
