import type { DatePart, TimeUnit } from '../../plan/expression-tree.js';
import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import type { Node } from '../node.js';
import type { Operand } from '../operand.js';

export class PartOfTime implements Node {
  constructor(readonly type: DataType, readonly part: DatePart, readonly arg: Node) {}
  evaluate(_frame: Frame): Operand { throw new TypeError('no kernel'); }
}
export class Truncation implements Node {
  constructor(readonly type: DataType, readonly unit: TimeUnit, readonly arg: Node) {}
  evaluate(_frame: Frame): Operand { throw new TypeError('no kernel'); }
}
