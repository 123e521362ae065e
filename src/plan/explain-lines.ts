import type { NamedExpression } from './plan.js';
import { printExpression, printName } from './print-expression.js';

/** The lines of an explained plan: a label and what there is to say. */

const LABEL_WIDTH = 12;
export const line = (label: string, text: string): string => `${label.padEnd(LABEL_WIDTH)}${text}`;
/** Something that belongs to the line before. */
export const more = (label: string, text: string): string => line(`  ${label}`, text);

export function namedText({ name, expression }: NamedExpression): string {
  const text = printExpression(expression);
  return text === printName(name) ? text : `${text} AS ${printName(name)}`;
}
