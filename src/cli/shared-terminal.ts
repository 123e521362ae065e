import type { ProgressLine } from './progress-line.js';

/**
 * Where standard output and standard error are one terminal, a sink that prints results would write into the progress line. So the line
 * is erased before anything goes to `output`, and comes back with the next update. Returns the undo.
 */
export function shareTerminal(output: NodeJS.WriteStream, line: ProgressLine): () => void {
  if (!output.isTTY) return () => {};
  const write = output.write;
  const guarded: typeof output.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    line.clear();
    if (chunk.length > 0) line.hold(!endsLine(chunk));
    return Reflect.apply(write, output, [chunk, ...rest]) as boolean;
  };
  output.write = guarded;
  return () => { output.write = write; };
}

const NEWLINE = 10;
const endsLine = (chunk: string | Uint8Array): boolean =>
  typeof chunk === 'string' ? chunk.endsWith('\n') : chunk[chunk.length - 1] === NEWLINE;
