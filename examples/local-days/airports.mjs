import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { schema, staticTable, t } from 'millrace';

const FILE = fileURLToPath(new URL('../data/airports.csv', import.meta.resolve('vega-datasets')));

/** The time zone of most airports of a state, as far as there are flights; and the airports that have another. */
const ZONES = {
  'America/New_York': 'CT DC DE FL GA KY MA MD ME NC NH NJ NY OH PA RI SC VA VT WV TYS TRI CHA',
  'America/Detroit': 'MI MQT',
  'America/Indiana/Indianapolis': 'IN',
  'America/Chicago': 'AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI PNS VPS EVV',
  'America/Denver': 'CO MT NM UT WY ELP RAP',
  'America/Boise': 'ID',
  'America/Phoenix': 'AZ',
  'America/Los_Angeles': 'CA NV OR WA',
  'America/Anchorage': 'AK',
  'Pacific/Honolulu': 'HI',
  'America/Puerto_Rico': 'PR VI',
};
const ZONE_OF = new Map(Object.entries(ZONES).flatMap(([zone, names]) => names.split(' ').map(name => [name, zone])));

/** How far a zone is from UTC at an instant, as ISO 8601 has it: `-05:00`. */
function offsetOf(zone, instant) {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(instant);
  return parts.find(({ type }) => type === 'timeZoneName').value.slice('GMT'.length);
}
const [WINTER, SUMMER] = [Date.UTC(2001, 0, 1), Date.UTC(2001, 6, 1)];

/** Code, zone, and the zone's distance from UTC before and after clocks were set ahead on 1 April 2001, where they were. */
const known = readFileSync(FILE, 'utf8').trimEnd().split('\n').slice(1).flatMap(line => {
  const code = line.slice(0, line.indexOf(','));
  // Names of airports have commas, but only in quotes, and states come before the country.
  const state = /,([A-Z]{2}),USA,/.exec(line)?.[1];
  const zone = ZONE_OF.get(code) ?? ZONE_OF.get(state);
  return zone === undefined ? [] : [{ code, zone, winter: offsetOf(zone, WINTER), summer: offsetOf(zone, SUMMER) }];
});
export const airports = staticTable(schema({ code: t.utf8, zone: t.utf8, winter: t.utf8, summer: t.utf8 }), known, { key: 'code' });
