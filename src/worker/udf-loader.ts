import { MillraceError } from '../errors.js';
import type { AggregateCall, Plan } from '../plan/plan.js';

/** A function, or of a user-defined aggregate the object of its four. */
export type LoadedFunctions = (module: string, name: string) => (...args: never[]) => unknown;
interface Reference { readonly module: string; readonly name: string; readonly isAggregate: boolean }

/** Finds every `udf` node in a plan, any object with that op, and the aggregates that name a module. */
function* referencesIn(node: unknown): Generator<Reference> {
  if (typeof node !== 'object' || node === null) return;
  const { op, fn, options } = node as { op?: unknown } & Partial<AggregateCall>;
  if (op === 'udf') yield { ...node as { module: string; name: string }, isAggregate: false };
  if (fn === 'user' || fn === 'reduce') yield { module: options!.module!, name: options!.name!, isAggregate: fn === 'user' };
  for (const child of Object.values(node)) yield* referencesIn(child);
}

const VERBS = ['init', 'accumulate', 'merge', 'finish'] as const;
type Verbs = Record<typeof VERBS[number], (...args: unknown[]) => unknown>;
const isAggregate = (found: unknown): found is Verbs =>
  typeof found === 'object' && found !== null && VERBS.every(verb => typeof (found as Partial<Verbs>)[verb] === 'function');

/** Loads the modules of all user-defined functions of a plan into this thread. */
export async function loadFunctions(plan: Plan): Promise<LoadedFunctions> {
  const functions = new Map<string, unknown>();
  for (const reference of referencesIn(plan.stages)) {
    const { module, name } = reference;
    const loaded = await import(module).catch((cause: unknown) => {
      throw new MillraceError('UDF_NOT_FOUND', `the module ${module} of user-defined function '${name}' cannot be loaded: ${String(cause)}`, { cause });
    }) as Record<string, unknown>;
    const found = loaded[name];
    const there = `it exports ${Object.keys(loaded).join(', ') || 'nothing'}`;
    if (reference.isAggregate) {
      if (!isAggregate(found)) throw new MillraceError('UDF_NOT_FOUND', `the module ${module} exports no aggregate '${name}', an object with the functions ${VERBS.join(', ')}; ${there}`);
      functions.set(`${module} ${name}.accumulate`, (...values: unknown[]) => JSON.stringify(found.accumulate(found.init(), ...values)) !== undefined);
    } else if (typeof found !== 'function') throw new MillraceError('UDF_NOT_FOUND', `the module ${module} exports no function '${name}'; ${there}`);
    functions.set(`${module} ${name}`, found);
  }
  return (module, name) => functions.get(`${module} ${name}`) as ReturnType<LoadedFunctions>;
}
