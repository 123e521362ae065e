import type { DataType } from '../../plan/types.js';
import type { Frame } from '../frame.js';
import { nullConstant, type Node } from '../node.js';
import { classOf, isNullConstant, isText, type Operand } from '../operand.js';
import { convert } from './convert.js';
import { fromText, toText } from './text-cast.js';

/** A value of another type; one that the target cannot hold faults the row. */
export class Cast implements Node {
  constructor(readonly type: DataType, readonly arg: Node) {}
  evaluate(frame: Frame): Operand {
    const arg = this.arg.evaluate(frame);
    const from = this.arg.type, to = this.type;
    if (isNullConstant(arg)) return nullConstant(frame.tools, classOf(to));
    const bytesIn = isText(from) || from.kind === 'binary', bytesOut = isText(to) || to.kind === 'binary';
    if (bytesIn && bytesOut) return arg;
    if (bytesIn) return fromText(frame, arg, to);
    if (bytesOut) return toText(frame, arg, from);
    return convert(frame, arg, from, to, 'BAD_CAST');
  }
}
