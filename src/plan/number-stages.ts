import type { Source } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { DraftStage, type DraftBranch } from './draft.js';
import type { Branch, Input, Stage } from './plan.js';

/** Stages and sources in the order of a plan: each once, and behind all that it reads. */
export interface Numbered {
  readonly stages: readonly Stage[];
  readonly sources: readonly Source[];
  /** Where each of the stages asked for is. */
  readonly places: readonly number[];
}

/** The stages that lead to these. */
export function numberedStages(ends: readonly DraftStage[]): Numbered {
  const numbers = new Numbers();
  const places = ends.map(end => numbers.stage(end));
  return { stages: numbers.stages, sources: [...numbers.sources.keys()], places };
}

class Numbers {
  readonly stages: Stage[] = [];
  /** By how they are read first. */
  readonly sources = new Map<Source, DraftBranch>();
  private readonly places = new Map<DraftStage, number>();

  stage(given: DraftStage): number {
    const known = this.places.get(given);
    if (known !== undefined) return known;
    const { operator: { join, deduplicate, aggregate, top }, output } = given;
    const branches = given.branches.map(branch => this.branch(branch));
    this.places.set(given, this.stages.length);
    return this.stages.push({ branches, join, deduplicate, aggregate, top, output }) - 1;
  }

  private branch(branch: DraftBranch): Branch {
    const { side, input, schema, eventTime, steps, catchesUp } = branch;
    const from: Input = input instanceof DraftStage ? { stage: this.stage(input) } : { source: this.source(input, branch) };
    const name = 'stage' in from ? `the results of stage ${from.stage}` : (input as Source).name;
    return { side, source: { name, schema }, from, ...(catchesUp && { catchesUp }), eventTime: eventTime?.planned ?? null, steps };
  }

  private source(source: Source, branch: DraftBranch): number {
    const first = this.sources.get(source);
    if (first === undefined) this.sources.set(source, branch);
    else if (textOf(first) !== textOf(branch)) throw new MillraceError('PLAN_INVALID', `${source.name} is read once for all its uses, so they must agree on its schema and event time: use one stream(…) pipeline for all of them, or make a source for each.`);
    return [...this.sources.keys()].indexOf(source);
  }
}

const textOf = ({ schema, eventTime }: DraftBranch): string => JSON.stringify([schema, eventTime]);
