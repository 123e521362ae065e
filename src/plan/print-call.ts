import type { AggregateCall } from './plan.js';
import { printExpression } from './print-expression.js';

/** An aggregate call without its condition: `quantile(ms, 0.99, 0.01)`. */
export function printCall({ fn, input, more = [], options = {} }: Omit<AggregateCall, 'name'>): string {
  const inputs = [...(input === null ? [] : [input]), ...more].map(expression => printExpression(expression));
  if (options.name !== undefined) return `${fn === 'reduce' ? 'reduce ' : ''}${options.name}(${inputs.join(', ')})`;
  return `${fn}(${[...inputs, ...Object.values(options).map(String)].join(', ') || '*'})`;
}
