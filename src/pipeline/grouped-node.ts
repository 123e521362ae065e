import { MillraceError } from '../errors.js';
import { AggregateNode } from '../plan/aggregates.js';
import { checkColumns, recordNamed, requireNames, type Draft } from '../plan/draft.js';
import { ColumnNode } from '../plan/column-node.js';
import { asText } from '../plan/finish.js';
import { OutputNode } from './output.js';
import { expressionsOfCall, isCount, windowColumns, type AggregateCall, type NamedExpression, type Window } from '../plan/plan.js';
import { noteUsed } from '../plan/recording.js';
import { describeValue } from '../plan/type-builders.js';
import type { Fields } from '../plan/types.js';
import { planWindow, type GlobalWindow, type TumblingWindow } from '../plan/windows.js';

/** A grouped pipeline at run time. See `Grouped`. */
export class GroupedNode {
  constructor(readonly draft: Draft, readonly keys: readonly NamedExpression[], readonly plannedWindow: Window) {}

  window(window: unknown): GroupedNode {
    const { kind } = (window ?? {}) as { kind?: unknown };
    if (kind !== 'global' && kind !== 'tumbling') throw new MillraceError('PLAN_INVALID', `window takes tumbling(size) or global(), got ${describeValue(window)}.`);
    const unit = kind === 'global' ? 'ms' : this.#eventUnit();
    return new GroupedNode(this.draft, this.keys, planWindow(window as GlobalWindow | TumblingWindow, unit));
  }
  #eventUnit(): 'ms' | 'us' {
    const units = this.draft.branches.map(branch => {
      if (branch.eventTime !== null) return branch.eventTime.unit;
      throw new MillraceError('PLAN_INVALID', `tumbling windows need event time, and ${branch.source.name} has none: call .eventTime(column) right behind its stream().`);
    });
    if (units.some(unit => unit !== units[0])) throw new MillraceError('PLAN_INVALID', 'The event times of a union count ms in one input and µs in another: cast them to one unit in the schemas.');
    return units[0]!;
  }

  aggregate(aggregates: unknown): OutputNode {
    const { draft, plannedWindow } = this;
    this.#requireAnEnd();
    const several = draft.branches.length > 1;
    const keys = several ? this.keys.map(asText) : this.keys;
    const calls = recordNamed(draft, 'aggregate', aggregates, (value, name) => this.#call(value, name));
    const output: Fields = [
      ...keys.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable })),
      ...windowColumns(plannedWindow),
      ...calls.map(({ name, type, nullable }) => ({ name, type, nullable })),
    ];
    requireNames(output.map(field => field.name), 'aggregate: its result');
    return new OutputNode(() => ({ branches: draft.branches, aggregate: { keys, window: plannedWindow, aggregates: calls }, output, deadLetters: null, late: null }));
  }

  #call(value: unknown, name: string): AggregateCall {
    if (!(value instanceof AggregateNode)) {
      const advice = value instanceof ColumnNode ? `the column ${value.describe()}: name it in groupBy, or wrap it in sum(), first() …` : describeValue(value);
      throw new MillraceError('PLAN_INVALID', `aggregate: ${name} must be an aggregate such as count() or sum(row.x), got ${advice}.`);
    }
    noteUsed(value);
    const call: AggregateCall = { name, ...value.call };
    for (const expression of expressionsOfCall(call)) checkColumns(expression, this.draft.fields, 'aggregate');
    const maybeNoRows = this.keys.length === 0 && this.plannedWindow.kind === 'global' && !isCount(call.fn);
    return { ...call, nullable: call.nullable || maybeNoRows };
  }

  #requireAnEnd(): void {
    const endless = this.draft.branches.find(branch => !branch.source.bounded);
    if (endless === undefined || this.plannedWindow.kind !== 'global') return;
    throw new MillraceError('PLAN_INVALID', `${endless.source.name} never ends, so an aggregate over all of it has no result: add .window(tumbling(…)).`);
  }
}
