import { MillraceError } from '../errors.js';
import type { Plan } from '../plan/plan.js';

export type LoadedFunctions = (module: string, name: string) => (...args: never[]) => unknown;

/** Finds every `udf` node in a plan: any object with that op. */
function* udfsOf(node: unknown): Generator<{ module: string; name: string }> {
  if (typeof node !== 'object' || node === null) return;
  if ((node as { op?: unknown }).op === 'udf') yield node as unknown as { module: string; name: string };
  for (const child of Object.values(node)) yield* udfsOf(child);
}

/** Loads the modules of all user-defined functions of a plan into this thread. */
export async function loadFunctions(plan: Plan): Promise<LoadedFunctions> {
  const functions = new Map<string, (...args: never[]) => unknown>();
  for (const { module, name } of udfsOf(plan.stages)) {
    const loaded = await import(module).catch((cause: unknown) => {
      throw new MillraceError('UDF_NOT_FOUND', `the module ${module} of user-defined function '${name}' cannot be loaded: ${String(cause)}`, { cause });
    }) as Record<string, unknown>;
    const found = loaded[name];
    if (typeof found !== 'function') throw new MillraceError('UDF_NOT_FOUND', `the module ${module} exports no function '${name}'; it exports ${Object.keys(loaded).join(', ') || 'nothing'}`);
    functions.set(`${module} ${name}`, found as (...args: never[]) => unknown);
  }
  return (module, name) => functions.get(`${module} ${name}`)!;
}
