import { formatTime } from './format-time.js';
import type { Window } from './plan.js';
import { printExpression } from './print-expression.js';

/** A window, in a few words. */
export function explainWindow(window: Window): string {
  const length = (amount: number): string => formatTime(amount, window.kind === 'global' || window.kind === 'count' ? 'ms' : window.unit);
  const moved = (offset: number): string => (offset === 0 ? '' : `, offset ${length(offset)}`);
  switch (window.kind) {
    case 'global': return 'global, closed at the end of input';
    case 'count': return `of ${window.rows} rows each`;
    case 'tumbling': return `tumbling ${length(window.size)}${moved(window.offset)}`;
    case 'sliding': return `sliding ${length(window.size)}, every ${length(window.slide)}${moved(window.offset)}`;
    case 'cumulating': return `cumulating up to ${length(window.size)}, every ${length(window.step)}${moved(window.offset)}`;
    case 'calendar': return `each ${window.every} in ${window.zoneColumn === null ? window.zone : `the time zone ${printExpression(window.zoneColumn)}`}`;
    default: return `sessions with gaps of more than ${length(window.gap)} between${window.maxLength === null ? '' : `, cut every ${length(window.maxLength)}`}`;
  }
}
