import type { FindRecordEnd } from './record-reader.js';

const QUOTE = 34;
const LINE_FEED = 10;

/**
 * Where the last whole CSV record ends. Line feeds between quotes are part of a field, and only a quote at the start of a field
 * opens one: so quotes are visited one by one from the start, and all between them is left to the native search. A search in a
 * buffer that has grown since goes on where the last ended.
 */
export function csvRecordEnd(delimiter: string): FindRecordEnd {
  const delimiterByte = delimiter.charCodeAt(0);
  let quotedFrom = -1;
  let lastEnd = 0;
  let position = 0;
  return (bytes, length, from) => {
    if (from === 0) {
      quotedFrom = -1;
      lastEnd = 0;
      position = 0;
    }
    const view = bytes.subarray(0, length);
    while (position < length) {
      const quote = view.indexOf(QUOTE, position);
      if (quotedFrom < 0) {
        const stop = quote < 0 ? length : quote;
        const feed = view.subarray(position, stop).lastIndexOf(LINE_FEED);
        if (feed >= 0) lastEnd = position + feed + 1;
        if (quote < 0) {
          position = length;
          break;
        }
        const before = quote === 0 ? LINE_FEED : view[quote - 1];
        if (before === LINE_FEED || before === delimiterByte) quotedFrom = quote;
        position = quote + 1;
      } else if (quote < 0) {
        position = length;
      } else if (quote + 1 === length) {
        // Whether it closes the field or is half of a pair is told by the byte that is not here yet.
        position = quote;
        break;
      } else if (view[quote + 1] === QUOTE) {
        position = quote + 2;
      } else {
        quotedFrom = -1;
        position = quote + 1;
      }
    }
    return lastEnd;
  };
}

/** The fields of the first record, and where it ends. Blank lines before it are skipped. */
export function csvRecordFields(bytes: Buffer, delimiter: string): { fields: string[]; end: number } {
  const text = bytes.toString('latin1');
  let p = /^(?:\r?\n)*/.exec(text)![0].length;
  const fields: string[] = [];
  while (true) {
    let field = '';
    if (text[p] === '"') {
      for (let first = true; text[p] === '"'; first = false) {
        const close = text.indexOf('"', p + 1);
        const stop = close < 0 ? text.length : close;
        // A pair of quotes is closing one run and opening the next.
        field += (first ? '' : '"') + text.slice(p + 1, stop);
        p = stop + 1;
      }
    }
    const start = p;
    while (p < text.length && text[p] !== delimiter && text[p] !== '\n') p++;
    field += text.slice(start, p).replace(/\r$/, '');
    fields.push(Buffer.from(field, 'latin1').toString('utf8'));
    if (p >= text.length || text[p] === '\n') return { fields, end: Math.min(p + 1, text.length) };
    p++;
  }
}
