import fc from 'fast-check';
import type { Plan } from '../../src/plan/plan.ts';
import type { Field, Row, Value } from '../../src/plan/types.ts';
import { valueOf } from './generate-values.ts';
import type { Ingest } from './reference.ts';

/**
 * Rows for a plan. A few values per column are drawn, so that a failure shrinks; rows are dealt from them by a seeded generator, so
 * that 100,000 rows cost no drawing.
 */
export interface DataShape {
  readonly rows: number;
  readonly seed: number;
  /** Share of rows that take the first value of every column: one hot key. */
  readonly hot: number;
  /** Event times go up by about this much a row, and back by as much as `jitter`, in ms. */
  readonly step: number;
  readonly jitter: number;
  /** One in so many rows is bad; 0: none. */
  readonly badEvery: number;
}
export interface Data { readonly ingest: readonly Ingest[]; readonly shape: DataShape; readonly pools: Readonly<Record<string, readonly Value[]>> }

/** Numbers in [0, 1). The generator is mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const poolOf = (field: Field): fc.Arbitrary<Value[]> => {
  const value = field.nullable ? fc.option(valueOf(field.type), { freq: 3 }) : valueOf(field.type);
  return fc.array(value, { minLength: 1, maxLength: 12 });
};

export function dataOf(plan: Plan, rows: fc.Arbitrary<number>): fc.Arbitrary<Data> {
  const fields = plan.stages[0]!.branches[0]?.source.schema ?? [];
  const shape = fc.record({
    rows, seed: fc.nat(), hot: fc.constantFrom(0, 0.5, 0.95), step: fc.constantFrom(0, 1, 40, 30_000),
    jitter: fc.constantFrom(0, 2, 1_000, 200_000), badEvery: fc.constantFrom(0, 0, 0, 13),
  });
  const pools = fc.tuple(...fields.map(poolOf)).map(list => Object.fromEntries(fields.map((f, i): [string, Value[]] => [f.name, list[i] ?? []])));
  return fc.record({ shape, pools }).map(({ shape: s, pools: p }) => ({ shape: s, pools: p, ingest: deal(plan, s, p) }));
}

function deal(plan: Plan, shape: DataShape, pools: Data['pools']): Ingest[] {
  const random = seeded(shape.seed);
  const ingest: Ingest[] = [];
  for (let i = 0; i < shape.rows; i++) {
    const index = Math.floor(random() * plan.stages[0]!.branches.length);
    const branch = plan.stages[0]!.branches[index];
    if (branch === undefined) throw new Error('a plan without branches');
    const isHot = random() < shape.hot;
    const row: Row = {};
    for (const field of branch.source.schema) {
      const pool = pools[field.name] ?? [];
      row[field.name] = pool[isHot ? 0 : Math.floor(random() * pool.length)] ?? null;
      if (field.name === branch.eventTime?.column) row[field.name] = timeOf(field, 1_700_000_000_000 + Math.floor(i * shape.step - random() * shape.jitter), random);
    }
    const isBad = shape.badEvery > 0 && random() * shape.badEvery < 1;
    ingest.push({ branch: index, row: isBad ? spoiled(row, branch.source.schema, random) : row });
  }
  return ingest;
}

function timeOf(field: Field, ms: number, random: () => number): Value {
  if (field.nullable && random() < 0.02) return null;
  if (field.type.kind === 'date') return new Date(ms).toISOString().slice(0, 10);
  return field.type.kind === 'timestamp' && field.type.unit === 'us' ? BigInt(ms) * 1000n + BigInt(Math.floor(random() * 1000)) : ms;
}

/** A row that no source may let through: a column is missing, or holds what no type takes. */
function spoiled(row: Row, schema: readonly Field[], random: () => number): unknown {
  const field = schema[Math.floor(random() * schema.length)];
  if (field === undefined) return row;
  const bad: Record<string, unknown> = { ...row };
  if (random() < 0.3 && !field.nullable) delete bad[field.name];
  else bad[field.name] = [];
  return random() < 0.2 ? 'not a row' : bad;
}
