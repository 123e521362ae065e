import { count, max, mean, schema, stream, t, tumbling } from 'millrace';
import { parquet } from 'millrace/parquet';
import { fileURLToPath } from 'node:url';

/** 3 million flights in the United States, January to June 2001, as a Parquet file in an npm package. */
export const FLIGHTS_FILE = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));

const Flight = schema({ date: t.timestampUs, delay: t.int64, origin: t.utf8 });

/** How many flights left each airport each hour, how late they were on average, and how late the worst of them. */
export const delaysPerHour = stream(parquet(FLIGHTS_FILE), Flight)
  .eventTime('date')
  .groupBy('origin')
  .window(tumbling('1h'))
  .aggregate(flight => ({ flights: count(), meanDelay: mean(flight.delay), worstDelay: max(flight.delay) }));

/** The same question in SQL. */
export const DELAYS_PER_HOUR_SQL = `
  SELECT origin, time_bucket(INTERVAL 1 hour, date) AS "windowStart", time_bucket(INTERVAL 1 hour, date) + INTERVAL 1 hour AS "windowEnd",
         count(*) AS flights, avg(delay) AS "meanDelay", max(delay) AS "worstDelay"
  FROM '${FLIGHTS_FILE.replaceAll("'", "''")}'
  GROUP BY ALL`;
