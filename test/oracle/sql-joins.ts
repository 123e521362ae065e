import type { AsOf, Join, JoinColumn } from '../../src/plan/join-plan.ts';
import type { EventTime } from '../../src/plan/plan.ts';
import { sqlExpression, sqlName } from './sql.ts';

/** Joins as DuckDB's SQL. Rows are told apart by `__position` in the ingest sequence, and have their event time in `__time`. */

/**
 * From a table `ingest` of the places of all rows that have an event time: those of rows in time. `ends[i]`: from which place on the i-th
 * branch no longer holds the watermark.
 */
export function sqlInTime(times: readonly EventTime[], ends: readonly number[], accept: number): string {
  const before = 'ORDER BY __position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING';
  const marks = times.map(({ outOfOrderness }, i) => `max(__time) FILTER (WHERE __branch = ${i}) OVER (${before}) - ${outOfOrderness} AS __mark${i}`);
  const holds = times.map((_, i) => `(__position < ${ends[i]})`);
  const none = holds.map((hold, i) => `(${hold} AND __mark${i} IS NULL)`).join(' OR ');
  const least = holds.map((hold, i) => `CASE WHEN ${hold} THEN __mark${i} END`).join(', ');
  const marked = `SELECT *, ${marks.join(', ')} FROM ingest`;
  return `SELECT __position FROM (${marked}) WHERE ${none} OR __time >= least(${least}, NULL) - ${accept}`;
}

/** A side's rows with its keys as `__key0` …, once for each window that they lie in. */
export function sqlSide({ sides, window }: Join, side: number, table: string): string {
  const keys = sides[side]!.keys.map(({ expression }, i) => `${sqlExpression(expression, [])} AS __key${i}`);
  if (window === null) return `SELECT ${['*', ...keys].join(', ')} FROM ${table}`;
  const { size, slide, offset } = window;
  const last = `(__time - ((__time - ${offset}) % ${slide} + ${slide}) % ${slide})`;
  const starts = `unnest(range(${last} - ((${size} - 1) // ${slide}) * ${slide}, ${last} + ${slide}, ${slide})) AS __start`;
  return `SELECT * FROM (SELECT ${['*', ...keys, starts].join(', ')} FROM ${table}) WHERE __start + ${size} > __time`;
}

/** Joins the tables `side0`, `side1` …; window columns and times come as integers. */
export function sqlJoin(join: Join): string {
  const { sides, window, asOf } = join;
  const matches = (i: number): string => [
    ...sides[i]!.keys.map((_, key) => `l.__key${key} = r${i}.__key${key}`),
    window === null ? `r${i}.__time BETWEEN l.__time - ${sides[i]!.before} AND l.__time + ${sides[i]!.after}` : `r${i}.__start = l.__start`,
  ].join(' AND ');
  const among = (i: number): string => `FROM side${i} r${i} WHERE ${matches(i)}`;
  if (asOf !== null) return sqlAsOf(join, asOf);
  const joined = sides.flatMap(({ match, keepsUnmatched }, i) => {
    if (match !== 'inner' && match !== 'optional') return [];
    const kind = match === 'inner' ? (keepsUnmatched ? 'RIGHT' : 'INNER') : keepsUnmatched ? 'FULL' : 'LEFT';
    return [`${kind} JOIN side${i} r${i} ON ${matches(i)}`];
  });
  const where = sides.flatMap(({ match }, i) => (match === 'semi' || match === 'anti' ? [`${match === 'anti' ? 'NOT ' : ''}EXISTS (SELECT 1 ${among(i)})`] : []));
  const all = ['l', ...sides.flatMap(({ keepsUnmatched }, i) => (keepsUnmatched ? [`r${i}`] : []))];
  const either = (name: string): string => `coalesce(${all.map(table => `${table}.${name}`).join(', ')})`;
  const columnOf = (column: JoinColumn): string => {
    switch (column.kind) {
      case 'field': return `${column.side === 0 ? 'l' : `r${column.side}`}.${sqlName(column.name)}`;
      case 'count': return `(SELECT count(*) ${among(column.side)})`;
      case 'time': return either('__time');
      case 'windowStart': return either('__start');
      case 'windowEnd': return `${either('__start')} + ${window!.size}`;
      case 'retracted': return 'false';
      case 'isNew': throw new Error('changes are not asked of SQL');
    }
  };
  return `SELECT ${join.columns.map(columnOf).join(', ')} FROM side0 l ${joined.join(' ')}${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''}`;
}

/**
 * DuckDB's own join of this kind. Which of several versions of one time it takes is up to it: so only the last is there. One that is gone is taken like others. Columns
 * are read from the table itself: what went through its sorting has no -0 any more.
 */
function sqlAsOf({ sides, columns }: Join, { deleted, within }: AsOf): string {
  const keys = sides[0]!.keys.map((_, key) => `__key${key}`);
  const last = `SELECT *, ${deleted === null ? 'true' : `NOT ${sqlExpression(deleted, [])}`} AS __there FROM side1 `
    + `QUALIFY row_number() OVER (PARTITION BY ${[...keys, '__time'].join(', ')} ORDER BY __branch DESC, __position DESC) = 1`;
  const on = [...keys.map(key => `l.${key} = r.${key}`), 'l.__time >= r.__time'].join(' AND ');
  const matches = `coalesce(r.__there${within === null ? '' : ` AND l.__time - r.__time <= ${within}`}, false)`;
  const columnOf = (column: JoinColumn): string => {
    switch (column.kind) {
      case 'field': return column.side === 0 ? `l.${sqlName(column.name)}` : `CASE WHEN ${matches} THEN v.${sqlName(column.name)} END`;
      case 'time': return 'l.__time';
      default: throw new Error(`no ${column.kind} here`);
    }
  };
  return `SELECT ${columns.map(columnOf).join(', ')} FROM side0 l ASOF LEFT JOIN (${last}) r ON ${on} LEFT JOIN side1 v ON v.__position = r.__position${sides[1]!.match === 'optional' ? '' : ` WHERE ${matches}`}`;
}
