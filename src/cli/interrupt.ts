import { signalExitCode } from './exit-codes.js';

type StopSignal = 'SIGINT' | 'SIGTERM';
const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** Turns the first Ctrl-C (or SIGTERM) into an abort that the job finishes in order, and the second into an exit at once. */
export class Interrupt {
  readonly #abort = new AbortController();
  #received: StopSignal | null = null;

  /** `say` writes one line for the user to read. */
  constructor(private readonly say: (line: string) => void) {
    for (const signal of STOP_SIGNALS) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** null unless there was one. */
  get received(): StopSignal | null {
    return this.#received;
  }

  dispose(): void {
    for (const signal of STOP_SIGNALS) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const stopSignal = signal as StopSignal;
    if (this.#received !== null) {
      this.say('interrupted again: exiting at once, results may be incomplete');
      process.exit(signalExitCode(stopSignal));
    }
    this.#received = stopSignal;
    this.say(`${signal}: no more is read, finishing what is in flight (once more to exit at once)`);
    this.#abort.abort();
  };
}
