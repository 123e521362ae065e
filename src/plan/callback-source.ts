/**
 * Finds what no recording can see: `row.a.eq(1) || row.b.eq(2)` builds the first expression and returns it, the second is never reached.
 * So the text of a callback is searched for columns that stand left of ||, &&, ?? or ?:. It is a safety net, not a parser: it knows the
 * callback's parameter and the variables made directly from it, and what it does not understand it lets pass.
 */
export function truthTestOfColumn(callback: (row: object) => unknown): string | null {
  const source = withoutText(Function.prototype.toString.call(callback));
  const head = HEAD.exec(source);
  if (head === null) return null;
  const parameter = head[1] ?? head[2] ?? '';
  const body = source.slice(head[0].length);
  const names = withVariables(namesIn(parameter), body);
  if (names.length === 0) return null;
  const start = new RegExp(`(?<![\\w$.])(?:${names.map(name => name.replaceAll('$', '\\$')).join('|')})(?![\\w$])`, 'g');
  for (const match of body.matchAll(start)) {
    const [from, to] = widened(body, match.index, endOfChain(body, match.index + match[0].length));
    const operator = TRUTH_TEST.exec(body.slice(to))?.[1];
    if (operator !== undefined) return `${body.slice(from, to).replaceAll(/\s+/g, ' ')} ${operator === '?' ? '? … : …' : `${operator} …`}`;
  }
  return null;
}

/** An arrow or a function with one parameter: a name or a destructuring. */
const HEAD = /^(?:async\s+)?(?:function\b\s*[\w$]*\s*)?(?:\(\s*([\w$]+|\{[^()]*?\})\s*(?:,[^)]*)?\)\s*(?:=>)?|([\w$]+)\s*=>)/;
const TRUTH_TEST = /^\s*(\|\||&&|\?\?|\?(?!\.))/;

/** The text with strings and comments blanked, so that positions stay. */
function withoutText(source: string): string {
  const texts = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return source.replaceAll(texts, text => (text.startsWith('/') ? ' '.repeat(text.length) : `'${'…'.repeat(text.length - 2)}'`));
}

function namesIn(parameter: string): string[] {
  if (!parameter.startsWith('{')) return parameter === '' ? [] : [parameter];
  return parameter.slice(1, -1).split(',').map(part => part.replace('...', '').split('=')[0]!.split(':').at(-1)!.trim()).filter(name => /^[\w$]+$/.test(name));
}
/** `const late = row.delay.gt(60)` and `const { delay } = row` make further names. */
function withVariables(names: readonly string[], body: string): string[] {
  if (names.length === 0) return [];
  const declaration = new RegExp(`\\b(?:const|let|var)\\s+([\\w$]+|\\{[^{}()]*\\})\\s*=\\s*(?:${names.join('|').replaceAll('$', '\\$')})(?![\\w$])`, 'g');
  return [...names, ...[...body.matchAll(declaration)].flatMap(match => namesIn(match[1]!))];
}

/** Behind `.name`, `?.name`, `(…)` and `[…]`. */
function endOfChain(body: string, from: number): number {
  let end = from;
  for (;;) {
    const name = /^\s*\??\.\s*[\w$]+/.exec(body.slice(end));
    if (name !== null) end += name[0].length;
    else if (body[end] === '(' || body[end] === '[') end = closing(body, end);
    else return end;
  }
}
/** Behind the bracket that closes the one at `open`. */
function closing(body: string, open: number): number {
  let depth = 0;
  for (let i = open; i < body.length; i++) {
    if ('([{'.includes(body[i]!)) depth++;
    if (')]}'.includes(body[i]!) && --depth === 0) return i + 1;
  }
  return body.length;
}
/** With the parentheses around it that only group: `(row.a.eq(1)) || …`. */
function widened(body: string, from: number, to: number): [number, number] {
  const before = /(^|[^\w$)\]\s])\s*\(\s*$/.exec(body.slice(0, from));
  const after = /^\s*\)/.exec(body.slice(to));
  if (before === null || after === null) return [from, to];
  return widened(body, body.lastIndexOf('(', from - 1), endOfChain(body, to + after[0].length));
}
