import type { Source, SourceItem, SourceReader } from '../../src/connectors/source.ts';

/** A source that gives what a test says, when it says so. */
export class ScriptedSource implements Source {
  readonly bounded: boolean = true;
  readonly dictionaries: boolean = true;
  readonly partitions: number;
  private readonly script: (SourceItem | null)[] = [];
  private waiting: ((item: SourceItem | null) => void) | null = null;

  /** `declared`: the partitions that its reader says there are at the start. */
  constructor(readonly name: string, private readonly declared?: readonly number[], partitions?: number) {
    this.partitions = partitions ?? Math.max(0, ...(declared ?? [])) + 1;
  }

  /** Whether the job waits for an item that is not there. */
  get asked(): boolean {
    return this.waiting !== null;
  }
  give(item: SourceItem | null): this {
    const { waiting } = this;
    this.waiting = null;
    if (waiting) waiting(item);
    else this.script.push(item);
    return this;
  }
  rows(rows: readonly unknown[], partition = 0): this {
    return this.give({ kind: 'rows', rows, partition });
  }
  end(): this {
    return this.give(null);
  }

  read(): Promise<SourceReader> {
    return Promise.resolve({
      ...(this.declared ? { partitions: this.declared } : {}),
      next: () => new Promise<SourceItem | null>(resolve => {
        if (this.script.length > 0) resolve(this.script.shift()!);
        else this.waiting = resolve;
      }),
      close: () => Promise.resolve(),
    });
  }
}

/** Lets everything else go on until something is so; the time limit of the test is the bound. */
export async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise<void>(resolve => setImmediate(resolve));
}
