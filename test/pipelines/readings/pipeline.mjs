import { boolOr, coalesce, count, csv, first, last, max, mean, min, schema, stream, sum, t, variancePopulation, when } from 'millrace';

const Reading = schema({ day: t.date, site: t.utf8.nullable, sensor: t.int16, value: t.float64.nullable, volume: t.decimal(10, 3) });

/** Readings of two sites per site and band, over all days. A null site is a site of its own. */
export default ([input, output]) => {
  const read = name => stream(csv(`${input}/${name}.csv`), Reading).eventTime('day');
  return read('north').union(read('south'))
    .map(row => ({
      site: row.site, sensor: row.sensor, volume: row.volume, known: coalesce(row.value, 0), missing: row.value.isNull(), year: row.day.year(),
      band: when(row.value.ge(20)).then('high').when(row.value.ge(0)).then('low').otherwise('none'),
    }))
    .groupBy('site', 'band')
    .aggregate(row => ({
      readings: count(), greatest: max(row.sensor), least: min(row.known), mean: mean(row.known), spread: variancePopulation(row.known), volume: sum(row.volume),
      anyMissing: boolOr(row.missing), since2026: count().where(row.year.ge(2026)), first: first(row.sensor), last: last(row.sensor),
    }))
    .to(csv(`${output}/bands.csv`));
};
