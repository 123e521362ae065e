import type { CallOp, Expression } from '../expression-tree.js';
import { operandsOf } from '../walk.js';

const SAFE: ReadonlySet<Expression['op']> = new Set<Expression['op'] | CallOp>([
  'column', 'literal', 'in', 'case', 'coalesce', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'isDistinctFrom', 'and', 'or', 'not', 'isNull', 'isNotNull',
  'startsWith', 'endsWith', 'contains', 'like', 'lower', 'upper', 'trim', 'length',
] as Expression['op'][]);
/** Whether an expression sets no row aside as faulty, whatever it is over. */
export const cannotFault = (expression: Expression): boolean => SAFE.has(expression.op) && operandsOf(expression).every(cannotFault);
