import type { Branch, Stage, Step } from '../plan.js';
import type { OptimiserRule } from './rules.js';

/** Takes out projections that only leave columns out: what follows finds its columns by name, and nobody sees the others. */
export const dropNarrowing: OptimiserRule = {
  name: 'dropNarrowing',
  isShown: false,
  apply: plan => ({
    ...plan,
    stages: plan.stages.map(stage => ({ ...stage, branches: stage.branches.map(branch => ({ ...branch, steps: wideSteps(stage, branch) })) })),
  }),
};

function wideSteps(stage: Stage, branch: Branch): Step[] {
  const lastProject = branch.steps.findLastIndex(step => step.kind === 'project');
  return branch.steps.filter((step, i) => {
    if (step.kind === 'filter' || !step.columns.every(({ name, expression }) => expression.op === 'column' && expression.name === name)) return true;
    // The last projection before a sink decides which columns there are, unless they are the source's own.
    if (stage.aggregate !== null || stage.join !== null || i < lastProject) return false;
    const { schema } = branch.source;
    return i > branch.steps.findIndex(other => other.kind === 'project') || step.columns.length !== schema.length
      || step.columns.some(({ name }, place) => schema[place]!.name !== name);
  });
}
