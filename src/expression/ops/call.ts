import type { CallExpression, DatePart, Expression, TimeUnit } from '../../plan/expression-tree.js';
import type { Tools } from '../frame.js';
import type { Node } from '../node.js';
import { Calculation, UnaryCalculation } from './arithmetic.js';
import { Coalesce } from './branch.js';
import { Cast } from './cast.js';
import { Comparison, Distinction, isComparison } from './comparison.js';
import { Connective, Not, NullTest } from './logic.js';
import { compileText } from './text.js';
import { PartOfTime, Truncation } from './time.js';

/** The node of a call, its operands compiled by `compile`. */
export function compileCall(tools: Tools, call: CallExpression, compile: (expression: Expression) => Node): Node {
  const { op, type } = call;
  if (op === 'datePart') return new PartOfTime(type, literalText(call.args[0]!) as DatePart, compile(call.args[1]!));
  if (op === 'truncate') return new Truncation(type, literalText(call.args[0]!) as TimeUnit, compile(call.args[1]!));
  const args = call.args.map(compile);
  const [first, second] = args as [Node, Node];
  if (isComparison(op)) return new Comparison(op, first, second);
  switch (op) {
    case 'isDistinctFrom': return new Distinction(first, second);
    case 'and': case 'or': return new Connective(op, args);
    case 'not': return new Not(first);
    case 'isNull': case 'isNotNull': return new NullTest(first, op === 'isNull');
    case 'add': case 'sub': case 'mul': case 'div': case 'intDiv': case 'mod': return new Calculation(op, type, first, second);
    case 'neg': case 'abs': case 'floor': case 'ceil': case 'round': case 'sqrt': return new UnaryCalculation(op, type, first);
    case 'coalesce': return new Coalesce(type, args);
    case 'cast': return new Cast(type, first);
    default: return compileText(tools, op, type, args);
  }
}

function literalText(expression: Expression): string {
  if (expression.op !== 'literal' || typeof expression.value !== 'string') throw new TypeError('the name of a date part or time unit must be a literal');
  return expression.value;
}
