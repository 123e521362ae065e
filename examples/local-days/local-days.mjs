import { arrow, calendar, count, lookup, max, mean, schema, stream, t, when } from 'millrace';
import { parquet } from 'millrace/parquet';
import { fileURLToPath } from 'node:url';
import { airports } from './airports.mjs';

export const FLIGHTS_FILE = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));

const Flight = schema({ date: t.timestampUs, delay: t.int64, origin: t.utf8 });

/**
 * The flights that left from one local time on and before another, with the instant of departure. The file has what the clock at the airport showed:
 * the zone's distance from UTC makes an instant of it. From 2:00 to 3:00 on 1 April clocks showed nothing; who writes down 2:10 means 3:10.
 */
const departures = (from, until) => stream(parquet(FLIGHTS_FILE), Flight)
  .filter(flight => flight.date.ge(from).and(flight.date.lt(until)))
  .map(flight => {
    const airport = lookup(flight.origin, airports);
    const offset = when(flight.date.lt('2001-04-01T03:00:00')).then(airport.winter).otherwise(airport.summer);
    return { origin: flight.origin, zone: airport.zone, delay: flight.delay, at: flight.date.cast(t.utf8).concat(offset).cast(t.timestampUs) };
  });

const Departure = schema({ origin: t.utf8, zone: t.utf8.nullable, delay: t.int64, at: t.timestampUs });

/**
 * How many flights left each airport on each of its own days, how late they were on average, and how late the worst. In the file a flight
 * from Honolulu stands beside one that left St. Thomas on the same local time, six hours earlier: rows are as much out of order.
 */
export const localDays = ({ from = '2001-01-01', until = '2001-07-01' } = {}) => stream(arrow(departures(from, until).batches()), Departure)
  .eventTime('at', { outOfOrderness: '7h' })
  .groupBy('origin', 'zone')
  .window(calendar('day', { zoneFrom: 'zone' }))
  .aggregate(flight => ({ flights: count(), meanDelay: mean(flight.delay), worstDelay: max(flight.delay) }));
