import { MillraceError } from '../../errors.js';

/** What a sink that writes to a store does when the store cannot be reached. */
export interface DeliveryOptions {
  /**
   * 'consistency', the default: the job waits for the store, and stops with SINK_UNREACHABLE when it has waited too long. 'availability': the
   * job goes on, results go to a local log (`spill`) and from there to the store, in order, as soon as it answers again.
   */
  readonly prefer?: 'consistency' | 'availability';
  /** How often and how long it is tried again. */
  readonly retry?: RetryOptions;
  /** Where results wait with `prefer: 'availability'`, which needs it. */
  readonly spill?: SpillOptions;
}

/** How a write that failed is tried again. Waits grow twofold, with jitter. */
export interface RetryOptions {
  /** Milliseconds before the second attempt, about. Default 100. */
  readonly firstMs?: number;
  /** The longest wait between two attempts, in milliseconds. Default 5,000. */
  readonly mostMs?: number;
  /** A write that has failed for so many milliseconds fails the job. Default 300,000: 5 minutes. */
  readonly giveUpAfterMs?: number;
  /** An attempt that takes more milliseconds counts as failed. Default 30,000. */
  readonly attemptMs?: number;
  /** So many failures in a row open the circuit: no attempts for `breakMs`, then one. Default 5. */
  readonly breakAfter?: number;
  /** Milliseconds that the circuit stays open. Default 1,000. */
  readonly breakMs?: number;
}

/** The local log of results that wait for a store. */
export interface SpillOptions {
  /** A folder for this sink alone. It is made if it is not there. */
  readonly folder: string;
  /** The most bytes that it may take. Default 1,073,741,824: 1 GiB. */
  readonly maxBytes?: number;
  /** When the log or the disk is full: 'block', the default, waits as with 'consistency'; 'fail' stops the job with SPILL_FULL. */
  readonly whenFull?: 'block' | 'fail';
  /** Milliseconds for which the end of a job waits until all is delivered. What is left is kept for the next run. Default 30,000. */
  readonly closeWithinMs?: number;
}

export type RetryLimits = Required<RetryOptions>;
/** Complete options. `spill`: null with 'consistency'. */
export interface DeliveryLimits {
  readonly retry: RetryLimits;
  readonly spill: Required<SpillOptions> | null;
}

const RETRY: RetryLimits = { firstMs: 100, mostMs: 5000, giveUpAfterMs: 300_000, attemptMs: 30_000, breakAfter: 5, breakMs: 1000 };
const SPILL = { maxBytes: 2 ** 30, whenFull: 'block', closeWithinMs: 30_000 } as const;

/** Options with their defaults. Throws BAD_OPTION. `name`: the sink's. */
export function deliveryLimits(name: string, { prefer = 'consistency', retry = {}, spill }: DeliveryOptions): DeliveryLimits {
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `${name}: ${message}`);
  };
  const numbers = (group: string, given: object, defaults: object): void => {
    for (const [option, value] of Object.entries(given)) {
      if (!Object.hasOwn(defaults, option)) wrong(`${group} has no option '${option}'; it has ${Object.keys(defaults).join(', ')}`);
      if (typeof (defaults as Record<string, unknown>)[option] === 'number' && value !== undefined && !(Number.isSafeInteger(value) && value > 0)) wrong(`${group}.${option} must be a positive whole number`);
    }
  };
  if (prefer !== 'consistency' && prefer !== 'availability') wrong('prefer must be \'consistency\' or \'availability\'');
  numbers('retry', retry, RETRY);
  if (spill !== undefined) {
    numbers('spill', spill, { folder: '', ...SPILL });
    if (typeof spill.folder !== 'string' || spill.folder === '') wrong('spill.folder must be the path of a folder');
    if (![undefined, 'block', 'fail'].includes(spill.whenFull)) wrong('spill.whenFull must be \'block\' or \'fail\'');
  }
  if (prefer === 'availability' && spill === undefined) wrong('prefer: \'availability\' needs spill: { folder }, where results wait while the store is away');
  if (prefer === 'consistency' && spill !== undefined) wrong('spill is of no use without prefer: \'availability\'');
  return { retry: given(RETRY, retry), spill: spill === undefined ? null : given({ folder: spill.folder, ...SPILL } as Required<SpillOptions>, spill) };
}

const given = <T extends object>(defaults: T, options: Partial<T>): T => ({ ...defaults, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) });
