import { Arena } from '../../src/expression/arena.ts';
import { LoadedTable, type StaticTableData } from '../../src/expression/loaded-table.ts';
import type { StaticTable } from '../../src/plan/expression-tree.ts';
import type { TestHeap } from '../support/heap.ts';

/** Static tables with all of their columns, as a stage takes them. */
export const loadTables = ({ heap, allocator }: TestHeap, kernels: TestHeap['wasm'], tables: readonly StaticTable[]): StaticTableData[] =>
  tables.map(table => new LoadedTable({ heap, kernels, arena: new Arena(allocator) }, table).plain([table.key, ...table.columns].map(field => field.name)));
