import type { UdfExpression } from '../../plan/expression-tree.js';
import type { DataType, Value } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import { type Raw, writeRaw } from '../literal.js';
import { asBytes, type Node } from '../node.js';
import { classOf, dense, isText, WIDTH, type Operand } from '../operand.js';
import { rawOfValue, readValue } from './values.js';

/** Finds a loaded function. */
export type FindUdf = (module: string, name: string) => Function;

/** A user's function, called once per row with JavaScript values. What it throws, or returns of another type, faults the row. */
export class Udf implements Node {
  readonly #call: (...args: Value[]) => unknown;
  constructor(readonly expression: UdfExpression, readonly args: readonly Node[], find: FindUdf) {
    this.#call = find(expression.module, expression.name) as (...args: Value[]) => unknown;
  }
  get type(): DataType { return this.expression.type; }

  evaluate(frame: Frame): Operand {
    const args = this.args.map(arg => asBytes(frame, arg.evaluate(frame)));
    const { tools, rows } = frame;
    const cls = isText(this.type) ? 'bytes' : classOf(this.type);
    const width = WIDTH[cls];
    const data = frame.take(rows * width), valid = frame.take(rows);
    tools.heap.u8.fill(0, data, data + rows * width);
    for (let element = 0; element < rows; element++) {
      // a row that has faulted has no values to call with
      const written = !frame.hasFaulted(element) && this.#one(frame, args, element, data + element * width);
      tools.heap.u8[valid + element] = written ? 1 : 0;
    }
    return dense(cls, data, valid);
  }

  #one(frame: Frame, args: readonly Operand[], element: number, to: number): boolean {
    const values = args.map((arg, at) => readValue(frame.tools, this.args[at]!.type, arg, element));
    let raw: Raw;
    try {
      const result = this.#call(...values);
      // An async function is refused below; what its promise rejects with later must not end the thread.
      if (result instanceof Promise) result.catch(() => {});
      if (result === null || result === undefined) {
        if (!this.expression.nullable) frame.fault(element, 'NULL_IN_NON_NULL', this.expression.name);
        return false;
      }
      raw = rawOfValue(this.type, result);
    } catch (error) {
      frame.fault(element, 'UDF_FAILED', error instanceof Error ? error.message : String(error));
      return false;
    }
    // Outside: a full heap is no fault of the row.
    writeRaw(frame.tools, raw, to, bytes => frame.take(bytes));
    return true;
  }
}
