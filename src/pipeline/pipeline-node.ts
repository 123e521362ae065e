import type { Source } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { deduplicated, ranked } from '../plan/after-window.js';
import { bareColumn, fieldNamed, fieldsOf, hasOperator, NO_OPERATOR, recordColumns, recordOne, requireNames, withStep, type Draft } from '../plan/draft.js';
import { planEventTime } from '../plan/event-time.js';
import { acceptingLate, firing, type LateOptions } from '../plan/firing.js';
import { GroupedNode } from './grouped-node.js';
import { joinAsOf, joinCounts, joinHalf, joinPair, joinSeveral } from '../plan/join-calls.js';
import { switchedOff } from '../plan/optimise/rules.js';
import { condition } from '../plan/operators/comparison.js';
import { OutputNode, sinkOf } from './output.js';
import type { NamedExpression } from '../plan/plan.js';
import { filterRevised, isUpdating, requireFinal, requireNotRevised, withIdentity } from '../plan/revisions.js';
import { schemaFields } from '../plan/schema.js';
import { openEnd, readsStages } from '../plan/stages.js';
import { describeValue } from '../plan/type-builders.js';
import { UTF8 } from '../plan/type-rules.js';
import { unionOf } from '../plan/union.js';

export function sourceNode(source: Source, schema: unknown): PipelineNode {
  const isSource = typeof source === 'object' && source !== null && typeof source.read === 'function' && typeof source.name === 'string';
  if (!isSource) throw new MillraceError('PLAN_INVALID', `stream takes a source such as jsonl(path), got ${describeValue(source)}.`);
  const given = schemaFields(schema, 'stream');
  const fields = source.dictionaries ? given : given.map(field => (field.type.kind === 'dictionary' ? { ...field, type: UTF8 } : field));
  const branches = [{ side: 0, input: source, schema: fields, eventTime: null, steps: [] }];
  return new PipelineNode({ branches, operator: NO_OPERATOR, behind: null, takingBack: null, fields, results: null, deadLetters: null, late: null, without: [] });
}

/** Every pipeline, at run time: rows of sources and results of aggregates. See `Pipeline` and `Aggregated` for what its methods mean. */
export class PipelineNode extends OutputNode {
  eventTime(column: string, options: Parameters<typeof planEventTime>[2] = {}): PipelineNode {
    const { branches } = this.draft;
    const [branch] = branches;
    const isFresh = branches.length === 1 && !readsStages(this.draft) && !hasOperator(this.draft) && branch!.steps.length === 0 && branch!.eventTime === null;
    if (!isFresh) throw new MillraceError('PLAN_INVALID', 'eventTime belongs right behind stream(source, schema), once.');
    return new PipelineNode({ ...this.draft, branches: [{ ...branch!, eventTime: planEventTime(branch!.schema, column, options) }] });
  }

  filter(predicate: unknown): PipelineNode {
    return this.#filter(predicate, 'filter');
  }
  having(predicate: unknown): PipelineNode {
    return this.#filter(predicate, 'having');
  }
  #filter(given: unknown, where: string): PipelineNode {
    const draft = openEnd(this.draft);
    const predicate = condition(recordOne(draft, where, given), where);
    return new PipelineNode(isUpdating(draft) ? filterRevised(draft, predicate) : withStep(draft, { kind: 'filter', predicate }));
  }
  select(...names: string[]): PipelineNode {
    requireNames(names, 'select');
    return this.#project(names.map(name => bareColumn(fieldNamed(this.draft.fields, name, 'select'))), 'select');
  }
  map(columns: unknown): PipelineNode {
    const projected = recordColumns(this.draft, 'map', columns);
    requireNames(projected.map(column => column.name), 'map');
    return this.#project(projected, 'map');
  }
  with(columns: unknown): PipelineNode {
    const byName = new Map(this.draft.fields.map(field => [field.name, bareColumn(field)]));
    for (const column of recordColumns(this.draft, 'with', columns)) byName.set(column.name, column);
    return this.#project([...byName.values()], 'with');
  }
  #project(given: readonly NamedExpression[], where: string): PipelineNode {
    const columns = withIdentity(this.draft, given, where);
    return new PipelineNode(withStep(openEnd(this.draft), { kind: 'project', columns }, fieldsOf(columns)));
  }

  asPipeline(): PipelineNode {
    requireFinal(this.draft, 'asPipeline');
    return this;
  }
  union(...others: unknown[]): PipelineNode {
    const drafts = [this, ...others].map(other => {
      if (!(other instanceof PipelineNode)) throw new MillraceError('PLAN_INVALID', `union takes pipelines, got ${describeValue(other)}.`);
      requireFinal(other.draft, 'A union');
      return other.draft;
    });
    return new PipelineNode(unionOf(drafts));
  }
  join(right: unknown, options: unknown): PipelineNode {
    return new PipelineNode(joinPair(this.draft, draftOf(right, 'join'), options));
  }
  asOfJoin(table: unknown, options: unknown): PipelineNode {
    return new PipelineNode(joinAsOf(this.draft, draftOf(table, 'asOfJoin'), options));
  }
  semiJoin(right: unknown, options: unknown): PipelineNode {
    return new PipelineNode(joinHalf(this.draft, draftOf(right, 'semiJoin'), options, 'semi'));
  }
  antiJoin(right: unknown, options: unknown): PipelineNode {
    return new PipelineNode(joinHalf(this.draft, draftOf(right, 'antiJoin'), options, 'anti'));
  }
  joinAll(others: unknown, options: unknown): PipelineNode {
    return new PipelineNode(joinSeveral(this.draft, others, options, draftOf));
  }
  countMatches(others: unknown, options: unknown): PipelineNode {
    return new PipelineNode(joinCounts(this.draft, others, options, draftOf));
  }
  dedupe(keys: unknown, options: unknown): PipelineNode {
    return new PipelineNode(deduplicated(this.draft, draft => keysOf(draft, Array.isArray(keys) ? keys : [keys], 'dedupe'), options ?? {}));
  }
  top(n: unknown, by: unknown, options: unknown = {}): PipelineNode {
    return new PipelineNode(ranked(this.draft, n, by, options));
  }

  groupBy(...keys: unknown[]): GroupedNode<PipelineNode> {
    requireNotRevised(this.draft, 'An aggregate');
    const draft = openEnd(this.draft);
    const columns = keysOf(draft, keys, 'groupBy');
    if (columns.length > 0) requireNames(columns.map(column => column.name), 'groupBy');
    return new GroupedNode(draft, columns, { kind: 'global' }, results => new PipelineNode(results));
  }
  window(window: unknown): GroupedNode<PipelineNode> {
    return this.groupBy().window(window);
  }
  aggregate(aggregates: unknown): PipelineNode {
    return this.groupBy().aggregate(aggregates);
  }
  late(options: LateOptions): PipelineNode {
    const draft = acceptingLate(this.draft, options);
    return new PipelineNode(options.then === undefined ? draft : { ...draft, late: sinkOf(options.then, 'late: then') });
  }
  emit(when: unknown): PipelineNode {
    return new PipelineNode(firing(this.draft, when));
  }
  optimise(switches: unknown): PipelineNode {
    return new PipelineNode({ ...this.draft, without: switchedOff(this.draft.without, switches) });
  }
  deadLetters(sink: unknown): PipelineNode {
    return new PipelineNode({ ...this.draft, deadLetters: sinkOf(sink, 'deadLetters') });
  }
}

function draftOf(pipeline: unknown, where: string): Draft {
  if (pipeline instanceof PipelineNode) return pipeline.draft;
  throw new MillraceError('PLAN_INVALID', `${where} takes a pipeline, got ${describeValue(pipeline)}.`);
}
const keysOf = (draft: Draft, keys: readonly unknown[], where: string): NamedExpression[] => keys.flatMap(key =>
  (typeof key === 'string' ? [bareColumn(fieldNamed(draft.fields, key, where))] : recordColumns(draft, where, key)));
