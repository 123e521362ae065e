import type { CallOp } from '../../plan/expression-tree.js';
import type { DataType } from '../../plan/types.js';
import type { Tools } from '../frame.js';
import type { Node } from '../node.js';

export function compileText(_tools: Tools, op: CallOp, _type: DataType, _args: readonly Node[]): Node {
  throw new TypeError(`no kernel for ${op}`);
}
