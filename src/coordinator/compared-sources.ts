import { readsSource, type Branch, type Plan } from '../plan/plan.js';

/**
 * With which others the progress of each source is compared: those whose rows, or results of them, meet its own in some stage, if they count
 * time in the same unit. Sources are compared with sources only: where a stage stands depends on its sources, and a source that waited for
 * a stage behind itself would wait for ever.
 */
export function comparedSources({ stages }: Plan): number[][] {
  const units: (string | null)[] = [];
  const behind: Set<number>[] = [];
  for (const { branches } of stages) {
    const own = new Set<number>();
    for (const branch of branches) {
      const { from } = branch;
      if (!readsSource(from)) for (const source of behind[from.stage]!) own.add(source);
      else {
        own.add(from.source);
        units[from.source] = unitOf(branch);
      }
    }
    behind.push(own);
  }
  return units.map((unit, source) => units.flatMap((other, number) =>
    (number !== source && unit !== null && other === unit && behind.some(own => own.has(source) && own.has(number)) ? [number] : [])));
}

function unitOf({ eventTime, source }: Branch): string | null {
  const type = source.schema.find(field => field.name === eventTime?.column)?.type;
  return eventTime === null ? null : type?.kind === 'timestamp' ? type.unit : 'ms';
}
