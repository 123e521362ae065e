import type { Kernels } from '../../native-free-kernels/load.js';
import { Arena } from '../expression/arena.js';
import { LoadedTable, type StaticTableData } from '../expression/loaded-table.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { StaticTable } from '../plan/expression-tree.js';
import type { Plan } from '../plan/plan.js';

/** The static tables of an engine's last job in its heap: the next job that asks the same table finds it there. */
export class StaticTables {
  private loaded = new Map<StaticTable, LoadedTable>();

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    /** What it gives must outlast a job. */
    private readonly allocator: Allocator,
  ) {}

  /** Those of a plan, by their numbers. What the plan does not name is freed. REQUIRES: no other job runs. */
  of(plan: Plan): StaticTableData[] {
    const columns = plan.tables.map(() => new Set<string>());
    for (const { table, column } of lookupsOf(plan.stages)) columns[table]!.add(column);
    for (const [table, loaded] of this.loaded) {
      if (plan.tables.includes(table)) continue;
      this.loaded.delete(table);
      loaded.free();
    }
    return plan.tables.map((table, number) => this.load(table).plain(columns[number]!));
  }

  private load(table: StaticTable): LoadedTable {
    let loaded = this.loaded.get(table);
    if (!loaded) {
      const { heap, kernels, allocator } = this;
      loaded = new LoadedTable({ heap, kernels, arena: new Arena(allocator) }, table);
      this.loaded.set(table, loaded);
    }
    return loaded;
  }
}

/** Finds every `lookup` node in a plan: any object with that op. */
function* lookupsOf(node: unknown): Generator<{ table: number; column: string }> {
  if (typeof node !== 'object' || node === null) return;
  if ((node as { op?: unknown }).op === 'lookup') yield node as unknown as { table: number; column: string };
  for (const child of Object.values(node)) yield* lookupsOf(child);
}
