import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { displayWidth, fitWidth } from '../../../src/connectors/display-width.ts';
import { terminalTable, type TerminalTableOptions } from '../../../src/connectors/terminal-table.ts';
import { batchOf, col, writeAll } from './support.ts';

async function shown(options: TerminalTableOptions, lines: string[]): Promise<string> {
  let text = '';
  const output = new Writable({ write(chunk: Buffer, _encoding, done) { text += String(chunk); done(); } });
  const fields = [col('city', { kind: 'utf8' }, true), col('n', { kind: 'int64' }), col('mean', { kind: 'float64' })];
  await writeAll(terminalTable({ ...options, output }), ...lines.map(line => batchOf(fields, line)));
  return text;
}

test('aligned, numbers to the right, wide characters as wide, control characters harmless, the rest told', async () => {
  const lines = ['{"city":"Praha","n":12,"mean":1.5}\n{"city":"東京","n":1,"mean":-2}', '{"city":null,"n":9007199254740993,"mean":0.1}', '{"city":"a\\u001b[31m","n":0,"mean":0}\n{"city":"x","n":0,"mean":0}'];
  expect(await shown({ maxRows: 4, title: 'Flights' }, lines)).toBe([
    'Flights',
    '┌────────┬──────────────────┬──────┐',
    '│ city   │                n │ mean │',
    '├────────┼──────────────────┼──────┤',
    '│ Praha  │               12 │  1.5 │',
    '│ 東京   │                1 │   -2 │',
    '│ null   │ 9007199254740993 │  0.1 │',
    '│ a␛[31m │                0 │    0 │',
    '└────────┴──────────────────┴──────┘',
    '… and 1 more row',
    '',
  ].join('\n'));
  expect(await shown({ maxRows: 0 }, lines)).toMatch(/… and 5 more rows\n$/);
});

test('widths', () => {
  for (const [text, width] of [['', 0], ['abc', 3], ['žluť', 4], ['e\u0301', 1], ['東京', 4], ['한글', 4], ['😀', 2], ['👩‍👩‍👧', 2], ['❤️', 2], ['ｱ', 1], ['Ａ', 2]] as const) {
    expect([text, displayWidth(text)]).toEqual([text, width]);
  }
  expect(fitWidth('東京都', 5)).toBe('東京…');
  expect(fitWidth('abcdef', 4)).toBe('abc…');
});
