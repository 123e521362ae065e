import type { Source } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { bareColumn, fieldsOf, recordColumns, recordOne, requireNames, withStep, type Draft, type JobDraft } from '../plan/draft.js';
import { checkOptions, inUnit, parseDuration } from '../plan/duration.js';
import { withoutDictionaries } from '../plan/finish.js';
import { GroupedNode } from './grouped-node.js';
import { condition } from '../plan/operators/comparison.js';
import { OutputNode } from './output.js';
import type { EventTime, NamedExpression } from '../plan/plan.js';
import { schemaFields, typeName } from '../plan/schema.js';
import { unknownColumn } from '../plan/suggest.js';
import { describeValue } from '../plan/type-builders.js';
import { UTF8, isTime } from '../plan/type-rules.js';
import type { Fields } from '../plan/types.js';
import { unionOf } from '../plan/union.js';

export function sourceNode(source: Source, schema: unknown): PipelineNode {
  const isSource = typeof source === 'object' && source !== null && typeof source.read === 'function' && typeof source.name === 'string';
  if (!isSource) throw new MillraceError('PLAN_INVALID', `stream takes a source such as jsonl(path), got ${describeValue(source)}.`);
  const given = schemaFields(schema, 'stream');
  const fields = source.dictionaries ? given : given.map(field => (field.type.kind === 'dictionary' ? { ...field, type: UTF8 } : field));
  return new PipelineNode({ branches: [{ source, schema: fields, eventTime: null, steps: [] }], fields });
}

/** Every stateless pipeline, at run time. See `Pipeline` for what its methods mean. */
export class PipelineNode extends OutputNode {
  constructor(readonly draft: Draft) {
    super(() => jobOf(draft));
  }

  eventTime(column: string, options: { readonly outOfOrderness?: number | string } = {}): PipelineNode {
    checkOptions(options, ['outOfOrderness'], 'eventTime');
    const [branch, ...others] = this.draft.branches;
    if (others.length > 0 || branch!.steps.length > 0 || branch!.eventTime !== null) throw new MillraceError('PLAN_INVALID', 'eventTime belongs right behind stream(source, schema), once.');
    const field = branch!.schema.find(known => known.name === column);
    if (field === undefined) throw unknownColumn(String(column), branch!.schema.map(known => known.name), 'eventTime: the schema');
    if (!isTime(field.type)) throw new MillraceError('TYPE_MISMATCH', `eventTime takes a timestamp or a date column; ${column} is ${typeName(field.type)}.`);
    const unit = field.type.kind === 'timestamp' ? field.type.unit : 'ms';
    const outOfOrdernessUs = parseDuration(options.outOfOrderness ?? 0, 'eventTime: outOfOrderness');
    if (outOfOrdernessUs < 0) throw new MillraceError('BAD_OPTION', `eventTime: outOfOrderness is ${options.outOfOrderness}; it must not be negative.`);
    const outOfOrderness = inUnit(outOfOrdernessUs, unit, 'eventTime: outOfOrderness');
    const planned: EventTime = { column, shift: 0, outOfOrderness, watermark: null, idleAfterMs: null, maxDrift: null, maxAhead: null };
    return new PipelineNode({ ...this.draft, branches: [{ ...branch!, eventTime: { planned, unit } }] });
  }

  filter(predicate: unknown): PipelineNode {
    return new PipelineNode(withStep(this.draft, { kind: 'filter', predicate: condition(recordOne(this.draft, 'filter', predicate), 'filter') }));
  }
  select(...names: string[]): PipelineNode {
    requireNames(names, 'select');
    return this.#project(names.map(name => bareColumn(fieldNamed(this.draft.fields, name, 'select'))));
  }
  map(columns: unknown): PipelineNode {
    const projected = recordColumns(this.draft, 'map', columns);
    requireNames(projected.map(column => column.name), 'map');
    return this.#project(projected);
  }
  with(columns: unknown): PipelineNode {
    const byName = new Map(this.draft.fields.map(field => [field.name, bareColumn(field)]));
    for (const column of recordColumns(this.draft, 'with', columns)) byName.set(column.name, column);
    return this.#project([...byName.values()]);
  }
  #project(columns: readonly NamedExpression[]): PipelineNode {
    return new PipelineNode(withStep(this.draft, { kind: 'project', columns }, fieldsOf(columns)));
  }

  union(...others: unknown[]): PipelineNode {
    const drafts = others.map(other => {
      if (other instanceof PipelineNode) return other.draft;
      throw new MillraceError('PLAN_INVALID', `union takes pipelines without aggregates, got ${describeValue(other)}.`);
    });
    return new PipelineNode(unionOf(this.draft, drafts));
  }

  groupBy(...keys: unknown[]): GroupedNode {
    const columns = keys.flatMap(key => {
      if (typeof key === 'string') return [bareColumn(fieldNamed(this.draft.fields, key, 'groupBy'))];
      return recordColumns(this.draft, 'groupBy', key);
    });
    if (columns.length > 0) requireNames(columns.map(column => column.name), 'groupBy');
    return new GroupedNode(this.draft, columns, { kind: 'global' });
  }
  window(window: unknown): GroupedNode {
    return this.groupBy().window(window);
  }
  aggregate(aggregates: unknown): OutputNode {
    return this.groupBy().aggregate(aggregates);
  }
}

function jobOf(draft: Draft): JobDraft {
  const { branches, fields } = withoutDictionaries(draft);
  return { branches, aggregate: null, output: fields, deadLetters: null, late: null };
}
function fieldNamed(fields: Fields, name: string, where: string): Fields[number] {
  const field = fields.find(known => known.name === name);
  if (field === undefined) throw unknownColumn(String(name), fields.map(known => known.name), where);
  return field;
}
