import { BOTS } from './world.mjs';

const quoted = text => `'${text.replaceAll("'", "''")}'`;

/**
 * The answer in SQL, for DuckDB, worked out by the rules of docs/semantics.md over whole files and not from the pipeline: which lines are
 * rows, which of these come too late, which repeat another, and what is left joined and counted.
 */
export function answerSql({ served, views, clicks }, { outOfOrderness = '30 seconds', within = '3 hours', counted = '12 hours' } = {}) {
  // A text, or null: a number or an object is not one.
  const field = (i, name, type) => `CASE WHEN fields[${i + 1}] LIKE '"%' THEN TRY_CAST(fields[${i + 1}] ->> '$' AS ${type}) END AS "${name}"`;
  // Line by line in the order of the file. An array or a number is JSON, and no row: it has no fields.
  const rows = (name, path, id, more = []) => {
    const columns = [...new Set([id, 'adId', 'ip', ...more]), 'at'];
    return `
    ${name}_lines AS MATERIALIZED (
      SELECT row_number() OVER () AS position, json_extract(TRY_CAST(line AS JSON), [${columns.map(column => quoted(`$.${column}`)).join(', ')}]) AS fields
      FROM read_csv(${quoted(path)}, columns = {'line': 'VARCHAR'}, delim = chr(1), quote = '', escape = '', header = false, auto_detect = false)
    ), ${name}_rows AS MATERIALIZED (
      SELECT * FROM (SELECT position, ${columns.map((column, i) => field(i, column, column === 'at' ? 'TIMESTAMP' : 'VARCHAR')).join(', ')} FROM ${name}_lines)
      WHERE ${columns.map(column => `"${column}" IS NOT NULL`).join(' AND ')}
    ), ${name}_human AS MATERIALIZED (
      SELECT * FROM (
        SELECT *, coalesce("at" + INTERVAL ${within} < max("at") OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) - INTERVAL ${outOfOrderness}, false) AS late
        FROM ${name}_rows
      ) WHERE ip NOT IN (${BOTS.map(quoted).join(', ')})
    ), ${name}_kept AS MATERIALIZED (SELECT * FROM ${name}_human WHERE NOT late QUALIFY row_number() OVER (PARTITION BY ${id} ORDER BY position) = 1)`;
  };
  const counts = name => `
    ${name}_counts AS (
      SELECT s.adId, count(*) AS n FROM served_kept s JOIN ${name}_kept e ON e.adId = s.adId AND e."at" BETWEEN s."at" AND s."at" + INTERVAL ${counted} GROUP BY s.adId
    )`;
  const tables = `WITH ${[rows('served', served, 'adId', ['campaignId']), rows('views', views, 'eventId'), rows('clicks', clicks, 'eventId'), counts('views'), counts('clicks')].join(',')}`;
  const ledger = name => `
    SELECT '${name}' AS source, (SELECT count(*) FROM ${name}_lines) AS read, (SELECT count(*) FROM ${name}_lines) - (SELECT count(*) FROM ${name}_rows) AS bad,
           (SELECT count(*) FROM ${name}_human WHERE late) AS late, (SELECT count(*) FROM ${name}_kept) AS kept`;
  return {
    /** campaign, minute, served, views, clicks */
    table: `${tables}
      SELECT s.campaignId AS campaign, date_trunc('minute', s."at") AS minute, count(*) AS served, coalesce(sum(v.n), 0)::BIGINT AS views, coalesce(sum(c.n), 0)::BIGINT AS clicks
      FROM served_kept s LEFT JOIN views_counts v USING (adId) LEFT JOIN clicks_counts c USING (adId)
      GROUP BY ALL`,
    /** source, read, bad, late, kept */
    ledger: `${tables} ${['served', 'views', 'clicks'].map(ledger).join(' UNION ALL ')}`,
  };
}
