import type { SourceFile } from './source-files.ts';

const HEADER = /(\bfunction\b.*|=>\s*|\)\s*(:\s*[^{}]+)?)\{$/;
const NOT_A_FUNCTION = /^\s*(\}\s*)?(if|for|while|switch|catch|else|do|try|with|class)\b/;

/**
 * Functions by the indentation of the line that opens and of the first that closes at the same depth: exact for code formatted as ours
 * is, and needs no parser.
 */
export function functionLengths(file: SourceFile): { at: string; lines: number }[] {
  const lines = file.code.split('\n').map(line => line.trimEnd());
  const found: { start: number; end: number }[] = [];
  lines.forEach((line, start) => {
    if (!HEADER.test(line) || NOT_A_FUNCTION.test(line)) return;
    const indent = /^\s*/.exec(line)![0];
    const end = lines.findIndex((later, i) => i > start && later.startsWith(`${indent}}`));
    if (end > start) found.push({ start, end });
  });
  // The functions inside count for themselves: a factory of many small functions is not a long function.
  return found.map(({ start, end }) => {
    const inside = new Set(found.filter(inner => inner.start > start && inner.end < end).flatMap(inner => range(inner.start, inner.end)));
    return { at: `${file.path}:${start + 1}`, lines: end - start + 1 - inside.size };
  });
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
