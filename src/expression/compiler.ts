import type { CallExpression, Expression } from '../plan/expression-tree.js';
import type { Field } from '../plan/types.js';
import type { Tools } from './frame.js';
import { KeyIndex, writeKeySet } from './key-index.js';
import { Lift } from './lift.js';
import { constantOf } from './literal.js';
import type { StaticTableData } from './loaded-table.js';
import { Lookup } from './lookup.js';
import { Constant, type Node } from './node.js';
import { compileCall } from './ops/call.js';
import { Case } from './ops/branch.js';
import { Membership } from './ops/logic.js';
import { Udf, type FindUdf } from './ops/udf.js';
import { SourceColumn } from './source-column.js';
import type { Scope } from './scope.js';

/** Expressions → nodes. One per stage: source columns are shared by all of its expressions. */
export class Compiler {
  readonly #sources = new Map<number, SourceColumn>();
  readonly #lifts: Lift[] = [];

  constructor(readonly tools: Tools, readonly tables: readonly StaticTableData[], readonly udfs: FindUdf) {}

  source(index: number, field: Field): SourceColumn {
    let source = this.#sources.get(index);
    if (source === undefined) this.#sources.set(index, source = new SourceColumn(index, field));
    return source;
  }

  /** `plain`: without lifts, for what is evaluated on a dictionary's values itself. */
  compile(expression: Expression, scope: Scope, plain = false): Node {
    if (!plain) {
      const lifted = this.lift(expression, scope);
      if (lifted !== null) return lifted;
    }
    const compile = (inner: Expression): Node => this.compile(inner, scope, plain);
    switch (expression.op) {
      case 'column': return scope.node(expression.name, plain);
      case 'literal': return new Constant(expression.type, constantOf(this.tools, expression.type, expression.value));
      case 'in': return new Membership(compile(expression.arg), new KeyIndex(writeKeySet(this.tools, expression.arg.type, expression.values).set), expression.negated);
      case 'case': {
        const branches = expression.branches.map(({ when, then }) => ({ when: compile(when), then: compile(then) }));
        return new Case(expression.type, branches, compile(expression.otherwise));
      }
      case 'lookup': return new Lookup(this.tools, expression, compile(expression.arg), this.tables[expression.table]!);
      case 'udf': return new Udf(expression, expression.args.map(compile), this.udfs);
      default: return compileCall(this.tools, expression satisfies CallExpression, compile);
    }
  }

  /** The expression by dictionary code, if its only column is one of type dictionary (and it is more than that column). */
  lift(expression: Expression, scope: Scope): Lift | null {
    if (expression.op === 'column' || expression.op === 'literal') return null;
    const source = scope.onlySource(expression);
    if (source === null || source.type.kind !== 'dictionary') return null;
    const lift = new Lift(this.tools, this.compile(expression, scope, true), source);
    this.#lifts.push(lift);
    return lift;
  }

  free(): void {
    for (const lift of this.#lifts) lift.free();
  }
}
