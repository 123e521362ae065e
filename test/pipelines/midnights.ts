import { readFileSync } from 'node:fs';

/**
 * What the pipelines around midnight must give, worked out without the engine and without its oracle: row by row, from the definition
 * of each window, with local clocks read off `Intl`. See README.md.
 */
interface Moment { readonly place: string; readonly zone: string | null; readonly stall: string; readonly at: number; readonly amount: number }
interface Span { readonly start: number; readonly end: number }
interface Total extends Span { readonly place: string; readonly zone: string | null; readonly stall: string; readonly moments: number; readonly amount: number }
type Windows = (moment: Moment) => readonly Span[];
/** The lines of each file. */
export type Expected = Readonly<Record<string, readonly string[]>>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** In each of the zones here, clocks change and local hours begin on a quarter of an hour of UTC. */
const QUARTER = 900_000;
const OUT_OF_ORDERNESS = HOUR / 2;

const tumbling = (size: number, offset: number): Windows => ({ at }) => {
  const start = Math.floor((at - offset) / size) * size + offset;
  return [{ start, end: start + size }];
};
const sliding = (size: number, slide: number): Windows => ({ at }) => {
  const last = Math.floor(at / slide) * slide;
  return Array.from({ length: Math.ceil(size / slide) }, (_, i) => last - i * slide).filter(start => at < start + size).map(start => ({ start, end: start + size }));
};
const cumulating = (size: number, step: number, offset: number): Windows => moment => tumbling(size, offset)(moment).flatMap(({ start }) =>
  Array.from({ length: size / step }, (_, i) => start + (i + 1) * step).filter(end => moment.at < end).map(end => ({ start, end })));
/** From a moment, a quarter of an hour back, and again, for as long as the clocks show the same hour, day, week or month; and so on ahead. */
const calendar = (every: string, zone: string | null): Windows => moment => {
  const name = (time: number): string => localName(every, zone ?? moment.zone!, time);
  let start = Math.floor(moment.at / QUARTER) * QUARTER;
  let end = start + QUARTER;
  const own = name(start);
  while (name(start - QUARTER) === own) start -= QUARTER;
  while (name(end) === own) end += QUARTER;
  return [{ start, end }];
};

const names = new Map<string, string>();
function localName(every: string, zone: string, time: number): string {
  const id = `${every} ${zone} ${time}`;
  const known = names.get(id) ?? nameOf(every, clockOf(zone).formatToParts(time));
  names.set(id, known);
  return known;
}
function nameOf(every: string, parts: readonly Intl.DateTimeFormatPart[]): string {
  const [year, month, day, hour, offset] = ['year', 'month', 'day', 'hour', 'timeZoneName'].map(type => parts.find(part => part.type === type)!.value);
  // An hour that comes twice differs in the distance from UTC.
  if (every === 'hour') return `${year}-${month}-${day} ${hour} ${offset}`;
  if (every === 'month') return `${year}-${month}`;
  const days = Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY;
  // 1970 began on a Thursday.
  return every === 'day' ? `${days}` : `${Math.floor((days + 3) / 7)}`;
}
const clocks = new Map<string, Intl.DateTimeFormat>();
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone) ?? new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', timeZoneName: 'longOffset' });
  clocks.set(zone, known);
  return known;
}

interface Question { readonly windows: Windows; readonly by: readonly ('place' | 'zone' | 'stall')[]; readonly accept?: number }
interface Answer { readonly totals: readonly Total[]; readonly late: readonly string[] }

/** One row after the other; a row is late when the last of its windows, and what is accepted behind it, had passed before it came. */
function answer(moments: readonly Moment[], { windows, by, accept = 0 }: Question): Answer {
  const totals = new Map<string, Total>();
  const late: string[] = [];
  let watermark = -Infinity;
  for (const [position, moment] of moments.entries()) {
    const open = windows(moment).filter(({ end }) => end + accept > watermark);
    if (open.length === 0) late.push(lateLine(position, moment, watermark));
    for (const span of open) {
      const id = JSON.stringify([by.map(name => moment[name]), span]);
      const { moments: count, amount } = totals.get(id) ?? { moments: 0, amount: 0 };
      totals.set(id, { ...moment, ...span, moments: count + 1, amount: amount + moment.amount });
    }
    watermark = Math.max(watermark, moment.at - OUT_OF_ORDERNESS);
  }
  return { totals: [...totals.values()], late };
}

const iso = (time: number): string => new Date(time).toISOString();
const spanOf = ({ start, end }: Span): object => ({ windowStart: iso(start), windowEnd: iso(end) });
const lineOf = (total: Total): string => JSON.stringify({ place: total.place, ...spanOf(total), moments: total.moments, amount: total.amount });
const letter = (position: number, reason: string, message: string, row: object): string =>
  JSON.stringify({ source: 'jsonl(input/moments.jsonl)', position, reason, message, row: JSON.stringify(row) });
const lateLine = (position: number, { place, zone, at, amount }: Moment, watermark: number, why = 'its window had closed'): string =>
  letter(position, 'LATE', `${why}: event time ${at}, ${watermark - at} behind the watermark`, { place, zone, at, amount });
const unknownLine = (position: number, { place, zone, at, amount }: Moment): string =>
  letter(position, 'UNKNOWN_ZONE', 'its time zone is null, or no name of the IANA time zone database', { place, zone, at, amount });

const perPlace = (windows: Windows) => (moments: readonly Moment[]): Expected => ({ 'results.jsonl': answer(moments, { windows, by: ['place'] }).totals.map(lineOf) });

function byRow(moments: readonly Moment[], every: string): Expected {
  const isKnown = ({ place }: Moment): boolean => place !== 'Nowhere';
  return {
    ...perPlace(calendar(every, null))(moments.filter(isKnown)),
    'dead-letters.jsonl': moments.flatMap((moment, position) => (isKnown(moment) ? [] : [unknownLine(position, moment)])),
  };
}
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...groups.get(key(item)) ?? [], item]);
  return groups;
}
function daysOfHours(moments: readonly Moment[]): Expected {
  const hours = answer(moments, { windows: calendar('hour', null), by: ['place', 'zone'] }).totals;
  const days = groupBy(hours, hour => JSON.stringify({ place: hour.place, ...spanOf(calendar('day', null)({ ...hour, at: hour.end - 1 })[0]!) }));
  return {
    'results.jsonl': [...days].map(([day, of]) => JSON.stringify({ ...JSON.parse(day) as object, hours: of.length, busiest: Math.max(...of.map(hour => hour.moments)), amount: sum(of.map(hour => hour.amount)) })),
  };
}
function busiestStalls(moments: readonly Moment[]): Expected {
  const days = groupBy(answer(moments, { windows: calendar('day', null), by: ['zone', 'stall'] }).totals, day => JSON.stringify([day.zone, day.start]));
  const best = [...days.values()].flatMap(stalls => stalls.toSorted((a, b) => b.moments - a.moments || (a.stall < b.stall ? -1 : 1)).slice(0, 2));
  return { 'results.jsonl': best.map(stall => JSON.stringify({ ...spanOf(stall), moments: stall.moments, amount: stall.amount })) };
}
function revised(moments: readonly Moment[], isKept: (day: Total) => boolean): Answer {
  const { totals, late } = answer(moments, { windows: calendar('day', null), by: ['place'], accept: 12 * HOUR });
  return { totals: totals.filter(isKept), late };
}

/** A moment goes if one of its place that stayed is at most twelve hours away; it is late if it lies farther than that behind the watermark. */
function repeats(moments: readonly Moment[], run: string): Expected {
  const within = 12 * HOUR;
  const kept: Moment[] = [];
  const late: string[] = [];
  let watermark = -Infinity;
  for (const [position, moment] of moments.entries()) {
    if (watermark - moment.at > within) late.push(lateLine(position, moment, watermark, 'what it may repeat is forgotten'));
    else if (!kept.some(({ place, at }) => place === moment.place && Math.abs(at - moment.at) <= within)) kept.push(moment);
    watermark = Math.max(watermark, moment.at - OUT_OF_ORDERNESS);
  }
  if (run === 'kept') return { 'results.jsonl': kept.map(({ place, zone, at, amount }) => JSON.stringify({ place, zone, at: iso(at), amount })) };
  // None of them is late for its day, however far behind it came.
  const days = groupBy(kept, moment => JSON.stringify({ place: moment.place, ...spanOf(calendar('day', null)(moment)[0]!) }));
  return { 'results.jsonl': [...days].map(([day, of]) => JSON.stringify({ ...JSON.parse(day) as object, moments: of.length, amount: sum(of.map(moment => moment.amount)) })), 'late.jsonl': late };
}
function byFives(moments: readonly Moment[]): Expected {
  const places = [...groupBy(moments, ({ place }) => place)];
  return {
    'results.jsonl': places.flatMap(([place, of]) => Array.from({ length: Math.ceil(of.length / 5) }, (_, windowNumber) => {
      const five = of.slice(windowNumber * 5, windowNumber * 5 + 5);
      const earliest = five.toSorted((a, b) => a.at - b.at)[0]!.amount;
      return JSON.stringify({ place, windowNumber, moments: five.length, amount: sum(five.map(({ amount }) => amount)), earliest });
    })),
  };
}

const ZONES: Readonly<Record<string, string>> = { paris: 'Europe/Paris', saopaulo: 'America/Sao_Paulo', lordhowe: 'Australia/Lord_Howe' };
/** By the name of the folder; of several runs of one pipeline, `run` is the name. */
export const MIDNIGHTS: Readonly<Record<string, (moments: readonly Moment[], run: string) => Expected>> = {
  'tumbling-offset': perPlace(tumbling(DAY, 23 * HOUR)),
  sliding: perPlace(sliding(25 * HOUR, 7 * HOUR)),
  cumulating: perPlace(cumulating(DAY, 6 * HOUR, 13 * HOUR)),
  calendar: (moments, run) => perPlace(calendar(run.split('-')[0]!, ZONES[run.split('-')[1]!]!))(moments),
  'calendar-by-row': byRow,
  'windows-over-windows': daysOfHours,
  top: busiestStalls,
  'count-windows': byFives,
  dedupe: repeats,
  'late-revisions': moments => {
    const { totals, late } = revised(moments, () => true);
    return { 'results.jsonl': totals.map(lineOf), 'late.jsonl': late };
  },
  having: moments => ({ 'results.jsonl': revised(moments, day => day.moments < 4).totals.map(lineOf) }),
};

export function momentsOf(file: string): Moment[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n').map(line => {
    const { at, ...moment } = JSON.parse(line) as Omit<Moment, 'at'> & { readonly at: string };
    return { ...moment, at: Date.parse(at) };
  });
}
