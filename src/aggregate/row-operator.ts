import type { GroupInput } from './group-input.js';

/** What takes the rows of a worker's morsels into the state of the regions. */
export interface MorselOperator {
  /** Whether vectors in scratch that were added are still needed. */
  readonly holds: boolean;
  /** Whether rows that were added are not in the regions yet. */
  readonly isPending: boolean;
  /** The morsel that has this number among those that workers take has no more rows. REQUIRES: the worker is done with those it had before. */
  endMorsel(number: number): void;
  /** Whether `endMorsel`, and any `add` before, need not wait for other workers. */
  hasTurn(number: number): boolean;
  /** Gives what was combined to the regions. REQUIRES: nothing in scratch is needed any more. */
  flush(): void;
}

/** What takes them into windows, or lets them through. */
export interface RowOperator extends MorselOperator {
  /** Whether every row comes in the order of ingestion, with its event time and the bound before it: see `GroupInput`. */
  readonly inOrder: boolean;
  add(input: GroupInput): void;
  /** Makes the one cell of a job without keys and windows. */
  touchGlobal(): void;
}

/** What gives results out. */
export interface Firing {
  /** Does part `part` of `parts` of what the watermark in the control block has passed. */
  run(part: number, parts: number): void;
}
