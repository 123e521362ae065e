import { readText } from './source-files.ts';

export interface Example {
  readonly document: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly code: string;
  /** What the example prints, if the document says so, in a block marked `text output` right behind. */
  readonly output: string | null;
}

const BLOCK = /^```js runnable\n(?<code>[\s\S]*?)^```\n(?:\s*^```text output\n(?<output>[\s\S]*?)^```\n)?/gm;

/** The blocks of a document that claim to run as printed: fenced as `js runnable`. */
export function examples(document: string): Example[] {
  const text = readText(document);
  return [...text.matchAll(BLOCK)].map(match => ({
    document,
    line: text.slice(0, match.index).split('\n').length,
    code: match.groups!['code']!,
    output: match.groups!['output'] ?? null,
  }));
}
