import type { Expression } from '../../src/plan/expression-tree.ts';
import type { Deduplicate } from '../../src/plan/plan.ts';
import { identityOf, RowFault, type Cell } from './cells.ts';

/** Remembers all that it has let through, for ever, and looks at all of it for each row. */
export class Deduplication {
  readonly keys: readonly Expression[];
  private readonly within: bigint;
  private readonly through: { readonly key: string; readonly time: bigint }[] = [];

  constructor({ keys, within }: Deduplicate) {
    this.keys = keys.map(key => key.expression);
    this.within = BigInt(within);
  }

  /** `watermark`: as it stands just before the row; null: nowhere yet. */
  judge(keys: readonly Cell[], time: bigint, watermark: bigint | null): 'applied' | 'filtered' | 'late' {
    if (time + this.within > 2n ** 63n - 1n) throw new RowFault('OVERFLOW', 'within');
    if (watermark !== null && time + this.within < watermark) return 'late';
    const key = JSON.stringify(keys.map(identityOf));
    const repeats = this.through.some(earlier => earlier.key === key && earlier.time - time <= this.within && time - earlier.time <= this.within);
    if (!repeats) this.through.push({ key, time });
    return repeats ? 'filtered' : 'applied';
  }
}
