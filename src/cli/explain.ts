import type { ExplainCommand } from './arguments.js';
import { ExitCode } from './exit-codes.js';
import { loadJob } from './load-job.js';

/** `millrace explain`: prints the stages of a job, or its plan as JSON, and runs nothing. */
export async function explainCommand(command: ExplainCommand): Promise<number> {
  const job = await loadJob(command.file, command.jobArguments);
  const text = command.json ? JSON.stringify(job.plan(), null, 2) : job.explain();
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return ExitCode.done;
}
