import { MillraceError } from '../errors.js';

/** An UNKNOWN_COLUMN error that lists what there is and guesses what was meant. */
export function unknownColumn(name: string, known: readonly string[], where: string): MillraceError {
  const guess = nearest(name, known);
  const hint = guess === null ? '' : ` Did you mean ${guess}?`;
  return new MillraceError('UNKNOWN_COLUMN', `${where} has no column ${name}.${hint} It has: ${known.join(', ') || 'none'}.`);
}

/** The most similar name, if one is similar enough to be a slip of the finger. */
export function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
