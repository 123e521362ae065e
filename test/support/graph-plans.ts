import { windowColumns, type Aggregate, type Branch, type Plan, type Stage, type Step, type Top, type Window } from '../../src/plan/plan.ts';
import type { Expression } from '../../src/plan/expression-tree.ts';
import type { Fields, Row } from '../../src/plan/types.ts';
import type { Ledger } from '../oracle/reference.ts';
import { agg, col, field, filter, lit, MS, op, timeOf, tumbling } from './plans.ts';
import type { Random } from './random.ts';

/** Plans that are graphs, drawn at random: stages read any mixture of sources and earlier stages, and several may read the same. */
const [KEY, VALUE, AT] = [field('k', 'int64'), field('v', 'int64'), field('at', MS, false)];
const ROW: Fields = [KEY, VALUE, AT];
const int64 = { kind: 'int64' } as const;
/** No row is late: none is behind its source by more. */
const DISORDER = 40;
const MOST_STAGES = 6;

export const SORT: Top = { n: null, by: null, descending: false, per: [] };
type Input = Branch['from'];
const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

export interface GraphOptions {
  /** By how much rows may be behind their source without being late. */
  readonly outOfOrderness: number;
  /** Whether stages with windows may read stages: then when rows are late is up to how these come. */
  readonly mixes: boolean;
}

class Graph {
  readonly stages: Stage[] = [];
  private readonly unread = new Set<number>();
  constructor(private readonly random: Random, private readonly sources: number, private readonly options: GraphOptions) {}

  plan(): Plan {
    const { random } = this;
    const count = 1 + random.below(MOST_STAGES - 1);
    while (this.stages.length < count) {
      if (this.options.mixes && this.stages.length > 0 && random.chance(0.15)) this.addDedupeBehind();
      else this.add(this.next());
    }
    // Every source and every stage has a reader.
    const given = this.stages.flatMap(({ branches }) => branches.map(({ from }) => from));
    const isRead = (source: number): boolean => given.some(from => 'source' in from && from.source === source);
    const rest = Array.from({ length: this.sources }, (_, source) => ({ source })).filter(({ source }) => !isRead(source));
    const inputs = [...[...this.unread].map((stage): Input => ({ stage })), ...rest, ...random.chance(0.4) ? [this.input()] : []];
    this.add(this.union(inputs));
    return { version: 2, stages: this.stages, tables: [], output: this.stages.at(-1)!.output, changelog: 'append' };
  }

  private add(stage: Stage): void {
    for (const { from } of stage.branches) if ('stage' in from) this.unread.delete(from.stage);
    this.unread.add(this.stages.push(stage) - 1);
  }
  private input(): Input {
    const { random } = this;
    return this.stages.length > 0 && random.chance(0.6) ? { stage: random.below(this.stages.length) } : { source: random.below(this.sources) };
  }
  private next(): Stage {
    const { random } = this;
    if (random.chance(0.15)) return this.dedupe();
    const windowed = this.stages.flatMap(({ aggregate }, stage) => (aggregate?.window.kind === 'tumbling' ? [stage] : []));
    if (windowed.length > 0 && random.chance(0.15)) return this.top(pick(random, windowed));
    return this.aggregate(Array.from({ length: 1 + random.below(3) }, () => (this.options.mixes ? this.input() : { source: random.below(this.sources) })));
  }

  private aggregate(inputs: readonly Input[]): Stage {
    const { random } = this;
    const size = 5 + random.below(60);
    // Which rows are late for sessions is up to the order of rows, and that of two branches with the same source is up to the borders of batches.
    const inOrder = this.options.mixes || inputs.length === 1;
    const window: Window = inOrder && random.chance(0.25) ? { kind: 'session', gap: size, maxLength: null, unit: 'ms' } : tumbling(size);
    const aggregate: Aggregate = {
      keys: random.chance(0.7) ? [{ name: 'k', expression: col(KEY) }] : [], window,
      aggregates: [agg('v', 'sum', col(VALUE)), agg('rows', 'count')], accept: 0, emit: { when: random.chance(0.2) ? 'final' : 'close', earlyMs: null },
    };
    const output = [...aggregate.keys.length > 0 ? [KEY] : [], ...windowColumns(window), ...aggregate.aggregates.map(({ name, type, nullable }) => ({ name, type, nullable }))];
    return { branches: inputs.map(from => this.branch(from)), join: null, deduplicate: null, aggregate, top: null, output };
  }
  /** Of one source: of several it would depend on how they are read which row is first. */
  private dedupe(): Stage {
    const branches = [{ ...this.branch({ source: this.random.below(this.sources) }), steps: [] }];
    return { branches, join: null, deduplicate: { keys: [{ name: 'k', expression: col(KEY) }], within: this.random.below(80) }, aggregate: null, top: null, output: ROW };
  }
  /** Results come in no order: they are sorted before. */
  private addDedupeBehind(): void {
    const { random } = this;
    const branches = Array.from({ length: 1 + random.below(2) }, () => this.branch({ stage: random.below(this.stages.length) }));
    this.add({ branches, join: null, deduplicate: null, aggregate: null, top: SORT, output: ROW });
    const branch = { ...this.branch({ stage: this.stages.length - 1 }), steps: [] };
    this.add({ ...this.dedupe(), branches: [branch] });
  }
  private top(stage: number): Stage {
    const { output } = this.stages[stage]!;
    const branch = { ...this.branch({ stage }), steps: [] };
    return { branches: [branch], join: null, deduplicate: null, aggregate: null, top: { n: 1 + this.random.below(3), by: col(output.find(({ name }) => name === 'rows')!), descending: true, per: [] }, output };
  }
  private union(inputs: readonly Input[]): Stage {
    return { branches: inputs.map(from => this.branch(from)), join: null, deduplicate: null, aggregate: null, top: null, output: ROW };
  }

  /** Ends in the columns of ROW. */
  private branch(from: Input): Branch {
    const { random } = this;
    const schema = 'source' in from ? ROW : this.stages[from.stage]!.output;
    const time = schema.some(({ name }) => name === 'windowEnd') ? 'windowEnd' : 'at';
    const columns: [string, Expression][] = [
      ['k', schema.some(({ name }) => name === 'k') ? col(KEY) : lit('7', int64)], ['v', col(schema.find(({ name }) => name === 'v')!)],
      ['at', col(schema.find(({ name }) => name === time)!)],
    ];
    const steps: Step[] = [{ kind: 'project', columns: columns.map(([name, expression]) => ({ name, expression })) }];
    if (random.chance(0.4)) steps.push(filter(op('ne', { kind: 'bool' }, op('mod', int64, col(VALUE), lit(String(2 + random.below(3)), int64)), lit('0', int64))));
    const name = 'source' in from ? `s${from.source}` : `the results of stage ${from.stage}`;
    const eventTime = 'source' in from ? timeOf({ column: 'at', outOfOrderness: this.options.outOfOrderness }) : { ...timeOf({ column: time, outOfOrderness: 0 }), shift: time === 'at' ? 0 : -1 };
    return { side: 0, source: { name, schema }, from, eventTime, steps };
  }
}

export const graphPlanOf = (random: Random, sources: number, options: GraphOptions = { outOfOrderness: DISORDER, mixes: true }): Plan => new Graph(random, sources, options).plan();

/** Rows of one source. */
export function graphRowsOf(random: Random, count: number): Row[] {
  const keys = 1 + random.below(12);
  const pace = random.below(6);
  let now = 100;
  return Array.from({ length: count }, () => {
    now += random.below(pace + 1);
    return { k: random.chance(0.05) ? null : BigInt(random.below(keys)), v: random.chance(0.05) ? null : BigInt(random.below(100)), at: now - random.below(DISORDER) };
  });
}

/** The order in which a job tells ledgers: by source, then the branches that read stages. Given: branch by branch. */
export function inJobOrder(plan: Plan, ledgers: readonly Ledger[]): Ledger[] {
  const branches = plan.stages.flatMap(stage => stage.branches).map((branch, i) => ({ from: branch.from, ledger: ledgers[i]! }));
  const place = (from: Input): number => ('source' in from ? from.source : Infinity);
  return branches.map((branch, i) => ({ ...branch, i })).sort((a, b) => (place(a.from) === place(b.from) ? a.i - b.i : place(a.from) - place(b.from))).map(({ ledger }) => ledger);
}

export const graphText = (plan: Plan): string => plan.stages.map(({ branches, aggregate, deduplicate, top }, stage) =>
  `${stage} ${aggregate?.window.kind ?? (deduplicate ? 'dedupe' : top?.n === null ? 'sort' : top ? 'top' : 'union')}: ${branches.map(({ from }) => ('source' in from ? `s${from.source}` : String(from.stage))).join(' ')}`).join('; ');
