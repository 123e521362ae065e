import { MillraceError } from '../errors.js';
import { AggregateNode } from '../plan/aggregates.js';
import { bareColumn, checkColumns, fieldNamed, NO_OPERATOR, recordNamed, type Draft } from '../plan/draft.js';
import { ColumnNode } from '../plan/column-node.js';
import type { Expression } from '../plan/expression-tree.js';
import { asText } from '../plan/without-dictionaries.js';
import { withAggregate } from '../plan/firing.js';
import { mismatch, typed } from '../plan/operators/coerce.js';
import { expressionsOfCall, goesByTime, isCount, type AggregateCall, type NamedExpression, type Window } from '../plan/plan.js';
import { noteUsed } from '../plan/recording.js';
import { rowOf } from '../plan/row.js';
import { changesFor, isRetracting, requireSteadyWindow, takingBack } from '../plan/retraction.js';
import { eventUnit, readsStages } from '../plan/stages.js';
import { describeValue } from '../plan/type-builders.js';
import { isText } from '../plan/type-rules.js';
import { planWindow, type AnyWindow } from '../plan/windows.js';

const WINDOW_KINDS: ReadonlySet<unknown> = new Set<Window['kind']>(['global', 'count', 'tumbling', 'sliding', 'cumulating', 'calendar', 'session']);

/** A grouped pipeline at run time. See `Grouped`. `Node`: what its results are, made by `results`. */
export class GroupedNode<Node> {
  constructor(readonly draft: Draft, readonly keys: readonly NamedExpression[], readonly plannedWindow: Window, readonly results: (draft: Draft) => Node) {}

  window(window: unknown): GroupedNode<Node> {
    const { kind } = (window ?? {}) as { kind?: unknown };
    if (!WINDOW_KINDS.has(kind)) throw new MillraceError('PLAN_INVALID', `window takes a window such as tumbling(size) or global(), got ${describeValue(window)}.`);
    const given = window as AnyWindow;
    const unit = kind === 'global' || kind === 'count' ? 'ms' : eventUnit(this.draft, `${given.kind} windows`);
    const zone = given.kind === 'calendar' && given.zoneFrom !== null ? this.#zone(given.zoneFrom) : null;
    return new GroupedNode(this.draft, this.keys, planWindow(given, unit, zone), this.results);
  }
  #zone(name: string): Expression {
    const column = bareColumn(fieldNamed(this.draft.fields, name, 'calendar: zoneFrom'));
    if (!isText(column.expression.type)) throw mismatch(`calendar: zoneFrom takes a text column, got ${typed(column.expression)}.`);
    return (this.draft.branches.length > 1 ? asText(column) : column).expression;
  }

  aggregate(aggregates: unknown): Node {
    const { draft, plannedWindow: window } = this;
    const keys = draft.branches.length > 1 ? this.keys.map(asText) : this.keys;
    const calls = recordNamed([rowOf(draft.fields, 'aggregate')], 'aggregate', aggregates, (value, name) => this.#call(value, name));
    const planned = { keys, window, aggregates: calls, accept: 0, emit: { when: 'close', earlyMs: null } } as const;
    if (!isRetracting(draft)) return this.results(withAggregate({ ...draft, operator: NO_OPERATOR }, planned));
    requireSteadyWindow(window);
    const taking = takingBack(calls, keys.map(key => key.name));
    const accept = window.kind === 'global' ? 0 : changesFor(draft);
    return this.results(withAggregate({ ...draft, operator: NO_OPERATOR, takingBack: taking }, { ...planned, aggregates: taking.states, accept }));
  }

  #call(value: unknown, name: string): AggregateCall {
    if (!(value instanceof AggregateNode)) {
      const advice = value instanceof ColumnNode ? `the column ${value.describe()}: name it in groupBy, or wrap it in sum(), first() …` : describeValue(value);
      throw new MillraceError('PLAN_INVALID', `aggregate: ${name} must be an aggregate such as count() or sum(row.x), got ${advice}.`);
    }
    noteUsed(value);
    const call: AggregateCall = { name, ...value.call };
    if (goesByTime(call.fn) && readsStages(this.draft)) throw new MillraceError('PLAN_INVALID', `aggregate: ${name} is ${value.describe()}, but rows behind an aggregate, top or dedupe have no order. Take the min() or max() of a column instead.`);
    for (const expression of expressionsOfCall(call)) checkColumns(expression, this.draft.fields, 'aggregate');
    const maybeNoRows = this.keys.length === 0 && this.plannedWindow.kind === 'global' && !isCount(call.fn);
    return { ...call, nullable: call.nullable || maybeNoRows };
  }
}
