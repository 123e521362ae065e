import type { Expression } from '../expression-tree.js';
import type { Join } from '../join-plan.js';
import type { Fields } from '../types.js';
import type { Aggregate, Step } from '../plan.js';
import { columnsIn } from '../walk.js';

/**
 * What a column behind a join is: 'left': it depends on the left row alone (its time and its window are part of it); 'retracted'; that of a side:
 * `{ side }` its number of matches, `{ side, name }` a column of it; null: anything else.
 */
export type Origin = 'left' | 'retracted' | { readonly side: number; readonly name: string | null } | null;
export type Origins = ReadonlyMap<string, Origin>;

export const originsOf = ({ columns }: Join, output: Fields): Origins => new Map(columns.map((column, i): [string, Origin] => {
  const { name } = output[i]!;
  switch (column.kind) {
    case 'field': return [name, column.side === 0 ? 'left' : { side: column.side, name: column.name }];
    case 'count': return [name, { side: column.side, name: null }];
    case 'retracted': return [name, 'retracted'];
    case 'isNew': return [name, null];
    default: return [name, 'left'];
  }
}));

/** Whether all that an expression reads is of the left row. */
export const isLeft = (expression: Expression, origins: Origins): boolean => [...columnsIn([expression])].every(name => origins.get(name) === 'left');

/** What an expression is: a bare column what that is. */
export const originOf = (expression: Expression, origins: Origins): Origin =>
  (expression.op === 'column' ? origins.get(expression.name) ?? null : isLeft(expression, origins) ? 'left' : null);

/** What the columns behind some steps are, or null where a step keeps rows by anything but the left row. */
export function originsBehind(steps: readonly Step[], first: Origins): Origins | null {
  let origins = first;
  for (const step of steps) {
    if (step.kind === 'project') {
      const before = origins;
      origins = new Map(step.columns.map(({ name, expression }) => [name, originOf(expression, before)]));
    } else if (!isLeft(step.predicate, origins)) return null;
  }
  return origins;
}

/** Whether it depends on the left row alone which group and window a row goes to. */
export const dependsOnLeft = ({ keys, window }: Aggregate, origins: Origins): boolean =>
  keys.every(key => isLeft(key.expression, origins)) && (window.kind !== 'calendar' || window.zoneColumn === null || isLeft(window.zoneColumn, origins));

/** A name that is free in `output` and behind each of some steps. */
export function unusedName(wanted: string, output: Fields, steps: readonly Step[]): string {
  const used = new Set([...output.map(field => field.name), ...steps.flatMap(step => (step.kind === 'project' ? step.columns.map(column => column.name) : []))]);
  let name = wanted;
  while (used.has(name)) name = `$${name}`;
  return name;
}
