import type { SourceFile } from './source-files.ts';

const HEADER = /(\bfunction\b.*|=>\s*|\)\s*(:\s*[^{}]+)?)\{$/;
const NOT_A_FUNCTION = /^\s*(\}\s*)?(if|for|while|switch|catch|else|do|try|with|class)\b/;

/**
 * Functions by the indentation of the line that opens and of the first that closes at the same depth: exact for code formatted as ours
 * is, and needs no parser.
 */
export function functionLengths(file: SourceFile): { at: string; lines: number }[] {
  const lines = file.code.split('\n').map(line => line.trimEnd());
  const found: { at: string; lines: number }[] = [];
  lines.forEach((line, start) => {
    if (!HEADER.test(line) || NOT_A_FUNCTION.test(line)) return;
    const indent = /^\s*/.exec(line)![0];
    const end = lines.findIndex((later, i) => i > start && later.startsWith(`${indent}}`));
    if (end > start) found.push({ at: `${file.path}:${start + 1}`, lines: end - start + 1 });
  });
  return found;
}
