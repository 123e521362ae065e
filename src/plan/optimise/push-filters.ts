import { columnOf, type Expression } from '../expression-tree.js';
import type { Join } from '../join-plan.js';
import { logic } from '../operators/comparison.js';
import type { Plan, Stage, Step } from '../plan.js';
import type { Field } from '../types.js';
import { columnsIn, mapOperands } from '../walk.js';
import { cannotFault } from './cannot-fault.js';
import type { OptimiserRule } from './rules.js';
import { soleReader } from './sole-reader.js';

/**
 * Takes conditions on the columns of one side from behind a join to before it: what is turned away there need not be kept. Only conditions that
 * cannot fault, and only where a row of that side that is turned away would give no result: of the left side unless the other side's rows
 * come without a match, too; of another side if it is inner, and no table whose older version would then show.
 */
export const pushFilters: OptimiserRule = {
  name: 'pushFilters',
  isShown: true,
  apply: plan => plan.stages.reduce((changed, stage, index) => (stage.join === null ? changed : pushedInto(changed, index, stage.join)), plan),
};

function pushedInto(plan: Plan, index: number, join: Join): Plan {
  const reader = soleReader(plan, index);
  if (reader === null) return plan;
  const { pushed, left } = taken(reader.planned.steps, plan.stages[index]!, join);
  if (pushed.length === 0) return plan;
  return {
    ...plan,
    stages: plan.stages.map((stage, i): Stage => {
      if (i === index) return { ...stage, branches: stage.branches.map(branch => ({ ...branch, steps: [...branch.steps, ...filtersOf(pushed, branch.side)] })) };
      return i === reader.stage ? { ...stage, branches: stage.branches.map((branch, j) => (j === reader.branch ? { ...branch, steps: left } : branch)) } : stage;
    }),
  };
}

interface Pushed {
  readonly side: number;
  readonly predicate: Expression;
}
const filtersOf = (pushed: readonly Pushed[], side: number): Step[] =>
  pushed.filter(one => one.side === side).map(({ predicate }): Step => ({ kind: 'filter', predicate }));

/** The conditions at the start of some steps that can go to a side, in the side's own columns, and the steps without them. */
function taken(steps: readonly Step[], { output }: Stage, join: Join): { pushed: Pushed[]; left: Step[] } {
  const pushed: Pushed[] = [];
  const left: Step[] = [];
  let rest = [...steps];
  for (let step = rest[0]; step?.kind === 'filter'; step = rest[0]) {
    rest = rest.slice(1);
    const parts = step.predicate.op === 'and' ? step.predicate.args : [step.predicate];
    const targets = parts.map(part => ({ part, side: sideOf(part, output, join) }));
    for (const { part, side } of targets) if (side !== null) pushed.push({ side, predicate: inSide(part, output, join, side) });
    const kept = targets.filter(({ side }) => side === null).map(({ part }) => part);
    if (kept.length > 0) left.push({ kind: 'filter', predicate: logic('and', kept) });
    // A later condition must not take away what this one would have set aside as faulty.
    if (!kept.every(cannotFault)) break;
  }
  return { pushed, left: [...left, ...rest] };
}

/** Which side a condition may go to, or null. */
function sideOf(predicate: Expression, output: readonly Field[], join: Join): number | null {
  if (!cannotFault(predicate)) return null;
  const columns = [...columnsIn([predicate])].map(name => join.columns[output.findIndex(field => field.name === name)]);
  const [first] = columns;
  if (first?.kind !== 'field' || columns.some(column => column?.kind !== 'field' || column.side !== first.side)) return null;
  const { match, keepsUnmatched } = join.sides[first.side]!;
  const legal = first.side === 0 ? join.sides.every(side => !side.keepsUnmatched) : match === 'inner' && !keepsUnmatched && join.asOf === null;
  return legal ? first.side : null;
}

/** The condition over the columns that the side's branches end in. */
function inSide(expression: Expression, output: readonly Field[], join: Join, side: number): Expression {
  if (expression.op !== 'column') return mapOperands(expression, operand => inSide(operand, output, join, side));
  const column = join.columns[output.findIndex(field => field.name === expression.name)] as { readonly name: string };
  return columnOf(join.sides[side]!.fields.find(field => field.name === column.name)!);
}
