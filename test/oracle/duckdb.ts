import {
  DuckDBBlobValue, type DuckDBConnection, DuckDBDateValue, DuckDBDecimalValue, DuckDBInstance, DuckDBTimestampMillisecondsValue, DuckDBTimestampValue,
} from '@duckdb/node-api';
import type { Plan } from '../../src/plan/plan.ts';
import type { Fields, Row, Value } from '../../src/plan/types.ts';
import { type Cell, cellOfValue, valueOfCell } from './cells.ts';
import type { Ingest } from './reference.ts';
import { PLACE, sqlAggregate, sqlCell, sqlColumns, sqlExpression, sqlName, sqlType } from './sql.ts';
import { sqlInTime, sqlJoin, sqlSide } from './sql-joins.ts';

/** Runs plans on DuckDB, which is not told of any of the reference's results but of the rows that fault. */
export class Duck {
  private constructor(private readonly connection: DuckDBConnection) {}
  static async open(): Promise<Duck> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new Duck(connection);
  }
  close(): void { this.connection.closeSync(); }

  async rows(sql: string, fields: Fields): Promise<Row[]> {
    const result = await this.connection.runAndReadAll(sql);
    return result.getRows().map(row => Object.fromEntries(fields.map((f, i): [string, Value] => [f.name, valueOfCell(cellOfDuck(row[i]), f.type)])));
  }

  /** One branch only. Rows at the positions in `faulted` count for the watermark and nothing else; those in `bad` not even for it. */
  async runPlan(plan: Plan, ingest: readonly Ingest[], faulted: ReadonlySet<number>, bad: ReadonlySet<number>): Promise<Row[]> {
    const branch = plan.stages[0]!.branches[0];
    if (branch === undefined || plan.stages[0]!.branches.length > 1) throw new Error('one branch only');
    const schema = branch.source.schema;
    const time = branch.eventTime === null ? 'NULL::BIGINT' : sqlTime(schema, branch.eventTime.column);
    await this.connection.run(`CREATE OR REPLACE TEMP TABLE source (${schema.map(f => `${sqlName(f.name)} ${sqlType(f.type)}`).join(', ')}, __branch INTEGER, __position BIGINT)`);
    const values = ingest.flatMap((item, i) => ('row' in item && !bad.has(i) ? [`(${tuple(item.row as Row, schema)}, 0, ${i})`] : []));
    if (values.length > 0) await this.connection.run(`INSERT INTO source VALUES ${values.join(', ')}`);
    let at = 0;
    // Every step is a table of its own, so that DuckDB cannot move an expression to rows that an earlier step has dropped.
    const step = async (sql: string): Promise<void> => { await this.connection.run(`CREATE OR REPLACE TEMP TABLE step${++at} AS ${sql}`); };
    await step(`SELECT *, ${time} AS __time FROM source`);
    await step(`SELECT *, max(__time) OVER (ORDER BY __position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) - ${branch.eventTime?.outOfOrderness ?? 0} AS __watermark FROM step1`);
    await step(`SELECT * FROM step2 WHERE __position NOT IN (${[-1, ...faulted].join(', ')})`);
    for (const s of branch.steps) {
      const columns = s.kind === 'filter' ? '*' : s.columns.map(c => `${sqlExpression(c.expression, plan.tables)} AS ${sqlName(c.name)}`)
        .concat(PLACE, '__watermark').join(', ');
      await step(`SELECT ${columns} FROM step${at}${s.kind === 'filter' ? ` WHERE ${sqlExpression(s.predicate, plan.tables)}` : ''}`);
    }
    if (plan.stages[0]!.aggregate === null) return this.rows(`SELECT ${sqlColumns(plan.output)} FROM step${at}`, plan.output);
    const { window } = plan.stages[0]!.aggregate;
    if (window.kind === 'tumbling') {
      const end = `__time - ((__time - ${window.offset}) % ${window.size} + ${window.size}) % ${window.size} + ${window.size}`;
      await step(`SELECT * FROM step${at} WHERE __watermark IS NULL OR ${end} > __watermark`);
    }
    return this.rows(sqlAggregate(plan.stages[0]!.aggregate, plan.tables, `step${at}`), plan.output);
  }

  /** A join of branches that filter and compute nothing. DuckDB finds out what is late on its own. */
  async runJoin(plan: Plan, ingest: readonly Ingest[]): Promise<Row[]> {
    const { branches, join } = plan.stages[0]!;
    if (join === null || branches.some(({ steps }) => steps.some(({ kind }) => kind === 'filter'))) throw new Error('a join alone');
    const table = async (name: string, sql: string): Promise<void> => { await this.connection.run(`CREATE OR REPLACE TEMP TABLE ${name} AS ${sql}`); };
    for (const [branch, { source: { schema } }] of branches.entries()) {
      await this.connection.run(`CREATE OR REPLACE TEMP TABLE rows${branch} (${schema.map(f => `${sqlName(f.name)} ${sqlType(f.type)}`).join(', ')}, __position BIGINT)`);
      const values = ingest.flatMap((item, i) => ('row' in item && item.branch === branch && (item.row as Row)['at'] !== null ? [`(${tuple(item.row as Row, schema)}, ${i})`] : []));
      if (values.length > 0) await this.connection.run(`INSERT INTO rows${branch} VALUES ${values.join(', ')}`);
      await table(`timed${branch}`, `SELECT *, ${sqlTime(schema, 'at')} AS __time FROM rows${branch}`);
    }
    await table('ingest', branches.map((_, i) => `SELECT __position, __time, ${i} AS __branch FROM timed${i}`).join(' UNION ALL '));
    const ends = branches.map((_, branch) => ingest.findIndex(item => 'end' in item && item.branch === branch)).map(end => (end < 0 ? ingest.length : end));
    await table('intime', sqlInTime(branches.map(({ eventTime }) => eventTime!), ends, join.accept));
    for (const side of join.sides.keys()) {
      const union = branches.flatMap((branch, i) => (branch.side === side ? [`SELECT *, ${i} AS __branch FROM timed${i}`] : [])).join(' UNION ALL ');
      await table(`all${side}`, `SELECT * FROM (${union}) WHERE __position IN (SELECT __position FROM intime)`);
      await table(`side${side}`, sqlSide(join, side, `all${side}`));
    }
    return this.rows(sqlJoin(join), plan.output);
  }
}

const tuple = (row: Row, schema: Fields): string => schema.map(f => {
  const value = row[f.name] ?? null;
  return sqlCell(value === null ? null : cellOfValue(value, f.type) ?? null, f.type);
}).join(', ');

function sqlTime(schema: Fields, name: string): string {
  const type = schema.find(f => f.name === name)?.type;
  if (type?.kind === 'date') return `epoch_ms(${sqlName(name)}::TIMESTAMP)`;
  return type?.kind === 'timestamp' && type.unit === 'us' ? `epoch_us(${sqlName(name)})` : `epoch_ms(${sqlName(name)})`;
}

function cellOfDuck(value: unknown): Cell {
  if (value instanceof DuckDBDateValue) return BigInt(value.days);
  if (value instanceof DuckDBTimestampMillisecondsValue) return value.millis;
  if (value instanceof DuckDBTimestampValue) return value.micros;
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes);
  if (value === undefined) throw new Error('a column is missing');
  return value as Cell;
}
