import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { cut, type EngineResult, runSources } from './run-plan.ts';
import { ScriptedSource, until } from './scripted-source.ts';

/** Rows of one source after another, in the order in which a job reads them. `branch` is the number of the source; null: it has ended. */
export interface RowsOrEnd { readonly branch: number; readonly rows: readonly unknown[] | null }

/** Runs a plan whose sources are read in just this order: a source has its next batch when all that was given before is in the job. */
export async function runInOrder(plan: Plan, feeds: readonly RowsOrEnd[], options: RunOptions & { readonly batchRows: number }): Promise<EngineResult> {
  const names = new Map(plan.stages.flatMap(({ branches }) => branches.flatMap(({ from, source }): [number, string][] => ('source' in from ? [[from.source, source.name]] : []))));
  const sources = [...names].sort(([a], [b]) => a - b).map(([, name]) => new ScriptedSource(name));
  const running = runSources(plan, sources, options);
  let failed = false;
  running.catch(() => { failed = true; });
  await until(() => failed || sources.every(source => source.asked));
  const give = async (source: ScriptedSource, rows: readonly unknown[] | null): Promise<void> => {
    await until(() => failed || source.asked);
    source.give(rows === null ? null : { kind: 'rows', rows });
    await new Promise<void>(resolve => setImmediate(resolve));
  };
  const open = new Set(sources);
  for (const { branch, rows } of feeds) {
    const source = sources[branch]!;
    if (failed) break;
    if (rows === null) open.delete(source);
    for (const batch of rows === null ? [null] : cut(rows, options.batchRows)) await give(source, batch);
  }
  for (const source of open) await give(source, null);
  return running;
}
