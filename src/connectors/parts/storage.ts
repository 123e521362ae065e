/** Where finished files go: a folder or a bucket. Paths have `/` between their parts and are relative to it. */
export interface PartStorage {
  /** For errors. No secrets. */
  readonly name: string;
  /** Attempts that were made again, where any are. */
  readonly retries?: number;
  /** Looks whether it is there, as far as can be told. */
  open(): Promise<void>;
  create(path: string): Promise<PartOutput>;
  /** Complete files whose path begins so. */
  list(prefix: string): Promise<string[]>;
  remove(paths: readonly string[]): Promise<void>;
  /** Ends all waits: what is being written fails soon. `discard` still works. */
  stop(): void;
  /** Nothing more will be asked. Must not throw. */
  close(): void;
}

/** One file on its way: nobody sees it before it is complete. */
export interface PartOutput {
  /** REQUIRES: the one before has settled. Takes the bytes over. */
  write(bytes: Uint8Array): Promise<void>;
  /** It takes its place, in one step, and what was there before is gone. */
  complete(): Promise<void>;
  /** Leaves nothing of it. Never rejects. */
  discard(): Promise<void>;
}
