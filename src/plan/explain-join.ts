import { line, more, namedText } from './explain-lines.js';
import { explainWindow } from './explain-window.js';
import { formatTime } from './format-time.js';
import { retracts, type AsOf, type Join, type JoinMatch, type JoinSide } from './join-plan.js';
import { printExpression } from './print-expression.js';
import type { Branch } from './plan.js';
import type { TimeUnitName } from './window-plan.js';

const GIVES: Readonly<Record<JoinMatch, string>> = {
  left: '', inner: 'a row for each match', optional: 'a row for each match, one with nulls where there is none', semi: 'the left rows that have a match',
  anti: 'the left rows that have none', count: 'the number of matches',
};

export function explainJoin(join: Join, branches: readonly Branch[], unit: TimeUnitName): string[] {
  const { sides, window, accept, mode, asOf } = join;
  const [left, ...others] = sides;
  const lines = [line('join', `of ${sides.map((side, index) => `${side.name} (${inputsOf(branches, index)})`).join(', ')}`)];
  lines.push(more('by', left!.keys.map(namedText).join(', ') || 'nothing: all rows'));
  if (window !== null) {
    const { size, slide, offset } = window;
    lines.push(more('window', explainWindow(size === slide ? { kind: 'tumbling', size, offset, unit } : { kind: 'sliding', size, slide, offset, unit })));
  }
  if (asOf !== null) return [...lines, ...asOfLines(join, asOf, unit), ...acceptedLines(accept, unit)];
  for (const side of others) lines.push(more(side.name, [GIVES[side.match], ...window === null ? [boundsText(side, unit)] : [], ...side.keepsUnmatched ? ['its own rows without a match, too'] : []].join(', ')));
  lines.push(...acceptedLines(accept, unit));
  if (retracts(join)) lines.push(more('emits', 'what there is at once, taken back when a match changes it'));
  else if (mode === 'changes') lines.push(more('emits', 'each left row, and then its matches as changes of its numbers'));
  else if (mode === 'final') lines.push(more('emits', 'what a match could change when none can come any more'));
  return lines;
}

/** The one other side is a table. */
function asOfLines({ sides: [, table] }: Join, { deleted, within }: AsOf, unit: TimeUnitName): string[] {
  return [
    more(table!.name, `the newest version at or before the left row's time${within === null ? '' : `, at most ${formatTime(within, unit)} before it`}${table!.match === 'optional' ? '; nulls where there is none' : ''}`),
    ...deleted === null ? [] : [more('deleted', `none where ${printExpression(deleted)}`)],
    more('emits', 'a row when no version at or before its time can come any more'),
  ];
}
const acceptedLines = (accept: number, unit: TimeUnitName): string[] => (accept > 0 ? [more('late', `rows are accepted until ${formatTime(accept, unit)} behind the watermark`)] : []);

const inputsOf = (branches: readonly Branch[], index: number): string => branches.filter(({ side }) => side === index).map(({ source }) => source.name).join(' and ');

function boundsText({ before, after }: JoinSide, unit: TimeUnitName): string {
  if (before === after) return before === 0 ? 'at the same time' : `within ${formatTime(before, unit)}`;
  return [...before > 0 ? [`up to ${formatTime(before, unit)} before`] : [], ...after > 0 ? [`up to ${formatTime(after, unit)} after`] : []].join(', ');
}
