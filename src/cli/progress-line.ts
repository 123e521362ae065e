import type { JobStats } from '../coordinator/job-types.js';
import { PaceMeter } from './pace-meter.js';
import { progressText } from './progress-text.js';

const REDRAW_MS = 100;
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = '\r\u001b[2K';

/** The part of a terminal's stream that is needed. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** One line at the bottom of a terminal, redrawn in place at most ten times a second; nothing at all on anything but a terminal. */
export class ProgressLine {
  readonly #pace = new PaceMeter();
  #drawnAtMs = -Infinity;
  #visible = false;
  #held = false;

  constructor(private readonly terminal: TerminalStream, private readonly now: () => number = () => performance.now()) {}

  update(stats: JobStats): void {
    if (this.terminal.isTTY !== true) return;
    const pace = this.#pace.add(stats);
    const nowMs = this.now();
    if (this.#held || nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    this.#visible = true;
    this.terminal.write(ERASE_LINE + progressText(stats, pace, this.terminal.columns ?? DEFAULT_COLUMNS));
  }

  /** Makes way for other output. */
  clear(): void {
    if (!this.#visible) return;
    this.#visible = false;
    this.terminal.write(ERASE_LINE);
  }

  /** While another's line is unfinished nothing is drawn: it would be overwritten. */
  hold(held: boolean): void {
    this.#held = held;
  }
}
