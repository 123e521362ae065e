import type { Expression } from './expression-tree.js';

/** The operands of an expression, in order. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.op) {
    case 'column': case 'literal': return [];
    case 'in': case 'lookup': return [expression.arg];
    case 'case': return [...expression.branches.flatMap(({ when, then }) => [when, then]), expression.otherwise];
    default: return expression.args;
  }
}

/** The same expression over other operands. */
export function mapOperands(expression: Expression, change: (operand: Expression) => Expression): Expression {
  switch (expression.op) {
    case 'column': case 'literal': return expression;
    case 'in': case 'lookup': return { ...expression, arg: change(expression.arg) };
    case 'case': {
      const branches = expression.branches.map(({ when, then }) => ({ when: change(when), then: change(then) }));
      return { ...expression, branches, otherwise: change(expression.otherwise) };
    }
    default: return { ...expression, args: expression.args.map(change) };
  }
}

/** Calls `visit` for the expression and everything inside. */
export function walk(expression: Expression, visit: (part: Expression) => void): void {
  visit(expression);
  for (const operand of operandsOf(expression)) walk(operand, visit);
}

export function columnsIn(expressions: Iterable<Expression>): Set<string> {
  const names = new Set<string>();
  for (const expression of expressions) {
    walk(expression, part => {
      if (part.op === 'column') names.add(part.name);
    });
  }
  return names;
}
