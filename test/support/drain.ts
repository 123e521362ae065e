import type { Fields } from '../../src/plan/types.ts';
import type { Source, SourceItem } from '../../src/connectors/source.ts';

/** Reads a source to its end, as the coordinator would, with nothing else going on. */
export async function drain(source: Source, schema: Fields, batchRows = 1000, signal: AbortSignal = new AbortController().signal): Promise<SourceItem[]> {
  const reader = await source.read({ schema, batchRows, batchBytes: 1 << 20, signal });
  const items: SourceItem[] = [];
  for (let item = await reader.next(); item !== null; item = await reader.next()) items.push(item);
  await reader.close();
  return items;
}
