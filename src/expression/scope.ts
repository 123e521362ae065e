import type { Expression } from '../plan/expression-tree.js';
import type { NamedExpression } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import type { Compiler } from './compiler.js';
import { Remembered, type Node } from './node.js';
import type { SourceColumn } from './source-column.js';

/** What an expression's columns come down to: source columns, and whether a user's function is on the way. */
interface Origins {
  readonly sources: ReadonlySet<SourceColumn>;
  readonly udf: boolean;
}

/** The columns that expressions at one point of a branch can name: the source's, or those of the last projection. Compiled when named. */
export class Scope {
  readonly #origins = new WeakMap<Expression, Origins>();
  readonly #nodes = new Map<string, Node>();
  readonly #plainNodes = new Map<string, Node>();

  private constructor(
    readonly compiler: Compiler,
    readonly schema: Fields,
    readonly columns: ReadonlyMap<string, Expression>,
    readonly outer: Scope | null,
  ) {}
  static ofSource(compiler: Compiler, schema: Fields): Scope { return new Scope(compiler, schema, new Map(), null); }
  project(columns: readonly NamedExpression[]): Scope {
    return new Scope(this.compiler, [], new Map(columns.map(({ name, expression }) => [name, expression])), this);
  }

  /** The node of a column; one for all who name it, so that it is evaluated once per selection. */
  node(name: string, plain: boolean): Node {
    const nodes = plain ? this.#plainNodes : this.#nodes;
    let node = nodes.get(name);
    if (node === undefined) nodes.set(name, node = this.#compile(name, plain));
    return node;
  }
  #compile(name: string, plain: boolean): Node {
    if (this.outer === null) return this.#source(name);
    const expression = this.#expression(name);
    const node = this.compiler.compile(expression, this.outer, plain);
    return expression.op === 'column' || expression.op === 'literal' ? node : new Remembered(node);
  }
  #source(name: string): SourceColumn {
    const index = this.schema.findIndex(field => field.name === name);
    if (index < 0) throw new TypeError(`there is no column ${name}`);
    return this.compiler.source(index, this.schema[index]!);
  }
  #expression(name: string): Expression {
    const expression = this.columns.get(name);
    if (expression === undefined) throw new TypeError(`there is no column ${name}`);
    return expression;
  }

  /** The source column, if an expression has exactly one and is determined by it. */
  onlySource(expression: Expression): SourceColumn | null {
    const { sources, udf } = this.#originsOf(expression);
    return udf || sources.size !== 1 ? null : [...sources][0]!;
  }
  #originsOf(expression: Expression): Origins {
    let origins = this.#origins.get(expression);
    if (origins === undefined) this.#origins.set(expression, origins = this.#findOrigins(expression));
    return origins;
  }
  #findOrigins(expression: Expression): Origins {
    if (expression.op === 'column') {
      if (this.outer !== null) return this.outer.#originsOf(this.#expression(expression.name));
      return { sources: new Set([this.#source(expression.name)]), udf: false };
    }
    const parts = operandsOf(expression).map(operand => this.#originsOf(operand));
    return { sources: new Set(parts.flatMap(part => [...part.sources])), udf: expression.op === 'udf' || parts.some(part => part.udf) };
  }
}

function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.op) {
    case 'column': case 'literal': return [];
    case 'in': case 'lookup': return [expression.arg];
    case 'case': return [...expression.branches.flatMap(({ when, then }) => [when, then]), expression.otherwise];
    default: return expression.args;
  }
}
