import type { Reference, SourceFile } from './source-files.ts';

export type Edges = ReadonlyMap<string, readonly string[]>;

/** Which files each file refers to, by the kinds of reference given. */
export function edges(files: readonly SourceFile[], kinds: readonly Reference['kind'][]): Edges {
  return new Map(files.map(file => [
    file.path,
    file.references.filter(({ kind, target }) => target !== null && kinds.includes(kind)).map(({ target }) => target!),
  ]));
}

export function reachable(graph: Edges, entries: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    waiting.push(...graph.get(path) ?? []);
  }
  return seen;
}

/** One cycle as `a → b → a` for every file at which a depth-first search closes one. */
export function cycles(graph: Edges): string[] {
  const finished = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const before = trail.indexOf(path);
    if (before >= 0) {
      found.push([...trail.slice(before), path].join(' → '));
      return;
    }
    if (finished.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}
