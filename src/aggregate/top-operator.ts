import { columnOf } from '../plan/expression-tree.js';
import { firstStage, type Branch, type Top } from '../plan/plan.js';
import type { Fields, Row } from '../plan/types.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { KeptResults, TIME } from './kept-results.js';
import { comparerOf, inOrderOf } from './row-order.js';

/** Batches of kept rows that are put together when there are more. */
const MOST_BATCHES = 8;
const BY = '$by';
const KEY = '$key';

/** Keeps the best rows of each window and group. A worker keeps those of a morsel's rows; a firing keeps the best of all, and gives out those whose window is complete. */
export class TopOperator extends KeptResults {
  private readonly n: number;
  private readonly keyNames: readonly string[];
  private readonly compare: (a: Row, b: Row) => number;

  constructor(thread: ThreadContext, job: JobLayout, { n, by, per, descending }: Top, makeRoom: () => void, emit: (descriptor: number) => void) {
    const { branches, output } = firstStage(job.plan);
    const keys = columnsBehind(branches[0]!).filter(({ name }) => name === 'windowStart' || name === 'windowEnd' || per.includes(name));
    super(thread, job, makeRoom, emit, [
      ...keys.map(key => ({ field: { ...key, name: KEY + keys.indexOf(key) }, input: columnOf(key) })),
      { field: { name: BY, type: by!.type, nullable: true }, input: by! },
    ]);
    this.n = n!;
    this.keyNames = keys.map((_key, index) => KEY + index);
    this.compare = inOrderOf([{ name: BY, compare: comparerOf(by!.type), descending }, ...output.map(({ name, type }) => ({ name, compare: comparerOf(type), descending: false }))]);
  }

  protected override worthKeeping(rows: Row[]): Row[] {
    return this.best(rows);
  }
  protected keep(rows: Row[]): void {
    this.push(rows);
    if (this.count() > MOST_BATCHES) this.push(this.best(this.take()));
  }

  protected takeDone(watermark: bigint, final: boolean): Row[] {
    const [done, open]: [Row[], Row[]] = [[], []];
    for (const row of this.best(this.take())) (final || (row[TIME] as bigint) < watermark ? done : open).push(row);
    this.push(open);
    return done;
  }

  /** The first rows of each window and group. */
  private best(rows: readonly Row[]): Row[] {
    const groups = new Map<string, Row[]>();
    for (const row of rows) {
      const key = this.keyNames.map(name => keyText(row[name])).join('\u0000');
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else if (group.push(row) >= 2 * this.n + 64) this.cut(group);
    }
    return [...groups.values()].flatMap(group => this.cut(group));
  }
  private cut(group: Row[]): Row[] {
    group.sort(this.compare);
    group.splice(this.n);
    return group;
  }
}

/** A text that no other value of the same type has. */
function keyText(value: Row[string] | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return Object.is(value, -0) ? '0' : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** The columns that a branch ends in. */
function columnsBehind({ source, steps }: Branch): Fields {
  const last = steps.findLast(step => step.kind === 'project');
  return last?.kind === 'project' ? last.columns.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable })) : source.schema;
}
