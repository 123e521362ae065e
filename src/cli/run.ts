import type { JobStats } from '../coordinator/job-types.js';
import type { RunCommand } from './arguments.js';
import { ExitCode, failureExitCode, signalExitCode } from './exit-codes.js';
import { Interrupt } from './interrupt.js';
import { jobUrl, loadJob, type RunnableJob } from './load-job.js';
import { ProgressLine } from './progress-line.js';
import { codeOf, errorLine, errorText } from './report-error.js';
import { shareTerminal } from './shared-terminal.js';
import { deadLettered, plural, statsJson, summaryText } from './summary.js';

const PROGRESS_EVERY_MS = 100;

/** `millrace run`: resolves to the exit code once the job has ended. Rejects only with what loading the job file threw. */
export async function runCommand(command: RunCommand): Promise<number> {
  const job = await loadJob(command.file, command.jobArguments);
  const line = new ProgressLine(process.stderr);
  const say = (text: string): void => {
    line.clear();
    process.stderr.write(`${text}\n`);
  };
  const interrupt = new Interrupt(say);
  const unshare = command.quiet ? () => {} : shareTerminal(process.stdout, line);
  let outcome: Outcome;
  try {
    const stats = await job.run({
      ...command.options,
      signal: interrupt.signal,
      ...(command.quiet ? {} : { onProgress: (now: JobStats) => line.update(now), progressEveryMs: PROGRESS_EVERY_MS }),
    });
    outcome = { stats, failed: false };
  } catch (error) {
    outcome = { stats: statsOf(job), failed: true, error };
  } finally {
    line.clear();
    unshare();
    interrupt.dispose();
  }
  return report(outcome, command, interrupt.received, say);
}

type Outcome =
  | { readonly failed: false; readonly stats: JobStats }
  | { readonly failed: true; readonly stats: JobStats | null; readonly error: unknown };

/** A failed job may not even be able to say how far it came; that must not hide why it failed. */
function statsOf(job: RunnableJob): JobStats | null {
  try {
    const stats = job.stats();
    return stats === null ? null : { ...stats, state: 'failed' };
  } catch {
    return null;
  }
}

function report(outcome: Outcome, command: RunCommand, received: Interrupt['received'], say: (text: string) => void): number {
  const { stats } = outcome;
  if (!command.quiet && stats !== null) process.stderr.write(summaryText(stats));
  if (outcome.failed) {
    const { error } = outcome;
    process.stderr.write(errorText(error, { verbose: command.verbose, jobUrl: jobUrl(command.file) }));
    if (command.json) process.stdout.write(statsJson(stats ?? { state: 'failed' }, { code: codeOf(error), message: errorLine(error) }));
    return received !== null && codeOf(error) === 'CANCELLED' ? signalExitCode(received) : failureExitCode(codeOf(error));
  }
  if (command.json) process.stdout.write(statsJson(outcome.stats, null));
  const bad = deadLettered(outcome.stats);
  if (bad > 0) say(`warning: ${plural(bad, 'row')} dead-lettered; a dead-letter sink shows which and why, --on-bad-row fail stops at the first`);
  if (outcome.stats.state === 'stopped' && received !== null) {
    say(`stopped by ${received}: what had been read was finished; the results do not cover the rest of the input`);
    return signalExitCode(received);
  }
  return bad > 0 && command.strict ? ExitCode.badRows : ExitCode.done;
}
