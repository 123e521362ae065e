import { describe, expect, test } from 'vitest';
import { count, lit, schema, stream, sum, t, when } from '../../src/index.ts';
import { errorOf, fakeSource } from './fakes.ts';

const rows = stream(fakeSource(), schema({ campaign: t.utf8, bot: t.bool, mobile: t.bool, a: t.int32, b: t.int32 }));
type Untyped = (row: any) => any;
const filterError = (predicate: Untyped): string => errorOf(() => rows.filter(predicate)).message;
const mapError = (columns: Untyped): string => errorOf(() => rows.map(columns)).message;

describe('an expression that the result does not contain', () => {
  test.each<[string, Untyped]>([
    ['&&', row => row.a.gt(1) && row.b.gt(2)],
    ['&& of a bare bool column', row => row.bot && row.a.gt(1)],
    ['&& of a bare column', row => row.a && row.b.gt(1)],
    ['||', row => row.a.gt(1) || row.b.gt(2)],
    ['|| in parentheses', row => ((row.a.gt(1)) || row.b.gt(2))],
    ['|| inside an argument', row => row.bot.and(row.a.gt(1) || row.mobile)],
    ['??', row => row.bot ?? row.mobile],
    ['?:', row => (row.a.gt(1) ? row.bot : row.mobile)],
    ['?: of a bare bool column', row => (row.bot ? row.a.gt(1) : row.mobile)],
    ['|| of a variable', row => {
      const late = row.a.gt(1);
      return late || row.mobile;
    }],
    ['|| of destructured columns', ({ bot, mobile }) => bot || mobile],
    ['|| of renamed columns', ({ bot: x, mobile: y }) => x || y],
    ['a statement', row => {
      row.a.gt(1);
      return row.bot;
    }],
    ['if', row => {
      if (row.bot) return row.mobile;
      return row.bot;
    }],
    ['an old-style function', function (row) {
      return row.bot || row.mobile;
    }],
  ])('%s', (_name, predicate) => {
    expect(filterError(predicate)).toMatch(/^EXPRESSION_LOST: filter .*&&, \|\| and \?:.*\.and\(\), \.or\(\), \.not\(\) and when/);
  });
  test('in map, groupBy and aggregate', () => {
    expect(mapError(row => ({ x: row.bot ? row.a : row.b }))).toMatch(/^EXPRESSION_LOST: map/);
    expect(mapError(row => ({ ...row, x: row.bot ? row.a : row.b }))).toMatch(/^EXPRESSION_LOST: map/);
    expect(errorOf(() => rows.groupBy((row: any) => ({ x: row.campaign.lower() || row.a }))).code).toBe('EXPRESSION_LOST');
    expect(errorOf(() => rows.aggregate((row: any) => ({ x: sum(row.a) && count() }))).message).toContain('builds sum(a)');
    expect(errorOf(() => rows.aggregate((row: any) => ({ x: count().where(row.bot && row.mobile) }))).code).toBe('EXPRESSION_LOST');
  });
  test('what is no slip passes', () => {
    const strict = Math.random() >= 0;
    const limit: number | undefined = undefined;
    rows.filter(row => (strict ? row.a.gt(limit ?? 5) : row.bot));
    rows.filter(row => (strict && row.a.gt(limit || 5).and(row.bot)) as never);
    rows.filter(({ a, b }) => when(a.gt(1)).then(b.gt('a ? b : c || d'.length)).otherwise(false));
    rows.filter(row => row.bot /* || row.mobile */);
    rows.map(({ bot, ...rest }) => rest);
    rows.map(row => ({ ...row, c: row.a }));
    rows.map(row => row);
    const outside = lit(1, t.int32);
    rows.map(row => ({ one: outside, a: row.a }));
  });
});

test('an expression used as a JavaScript value', () => {
  for (const predicate of [row => row.a > 5, row => row.a + 1, row => `${row.a}`, row => row.bot == true, row => row.bot.and(`${row}`), row => JSON.stringify(row.a)] as Untyped[]) {
    expect(filterError(predicate)).toMatch(/^EXPRESSION_COERCED: .*\.eq\(\)/);
  }
  expect(filterError(row => row.a === 5)).toContain('JavaScript\'s ===, <, > and ! cannot be recorded');
  expect(filterError(row => !row.bot)).toContain('.not()');
});

test('columns that do not exist', () => {
  expect(filterError(row => row.campain.eq('x'))).toBe('UNKNOWN_COLUMN: filter has no column campain. Did you mean campaign? It has: campaign, bot, mobile, a, b.');
  expect(mapError(row => ({ x: row.somethingElse }))).toBe('UNKNOWN_COLUMN: map has no column somethingElse. It has: campaign, bot, mobile, a, b.');
  expect(errorOf(() => rows.select('Bot' as never)).message).toContain('Did you mean bot?');
  expect(errorOf(() => rows.groupBy('x' as never)).code).toBe('UNKNOWN_COLUMN');
  const narrowed = rows.select('a');
  expect(errorOf(() => narrowed.filter((row: any) => row.bot)).message).toContain('It has: a.');
});

test('a row of another callback', () => {
  let stolen: any;
  rows.filter(row => (stolen = row).bot);
  expect(errorOf(() => rows.select('a').map(() => ({ x: stolen.b }))).code).toBe('UNKNOWN_COLUMN');
  expect(errorOf(() => rows.map(row => ({ b: row.bot })).filter(() => stolen.b.gt(1))).message).toContain('comes from the row of another callback');
});

test('results that are no columns', () => {
  expect(mapError(() => ({ x: 1 }))).toContain('A constant is lit(value)');
  expect(mapError(row => row.a)).toContain('an object of named columns');
  expect(mapError(row => [row.a])).toContain('an object of named columns');
  expect(mapError(() => ({}))).toContain('at least one column');
  expect(mapError(() => { throw new RangeError('mine'); })).toBe('mine');
  expect(errorOf(() => rows.filter('bot' as never)).message).toContain('takes a callback');
  expect(filterError(row => row.a)).toContain('filter takes a condition, but a (int32) is not a bool');
  expect(errorOf(() => rows.aggregate((row: any) => ({ a: row.a }))).message).toContain('wrap it in sum()');
});
