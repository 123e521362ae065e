#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseCommand, type Command } from './arguments.js';
import { ExitCode } from './exit-codes.js';
import { explainCommand } from './explain.js';
import { helpText } from './help.js';
import { jobUrl } from './load-job.js';
import { errorText } from './report-error.js';
import { runCommand } from './run.js';

const debug = !['', '0', undefined].includes(process.env['MILLRACE_DEBUG']);

/** Everything thrown here comes from before a job ran: `runCommand` reports what happens in a run itself. */
async function main(argv: readonly string[]): Promise<number> {
  let command: Command | null = null;
  try {
    command = parseCommand(argv);
    return await execute(command);
  } catch (error) {
    const file = command !== null && 'file' in command ? jobUrl(command.file) : null;
    const verbose = debug || (command !== null && 'verbose' in command && command.verbose);
    process.stderr.write(errorText(error, { verbose, jobUrl: file }));
    return ExitCode.unusable;
  }
}

async function execute(command: Command): Promise<number> {
  switch (command.kind) {
    case 'run': return runCommand({ ...command, verbose: command.verbose || debug });
    case 'explain': return explainCommand(command);
    case 'help': process.stdout.write(helpText(command.topic)); return ExitCode.done;
    case 'version': process.stdout.write(`${version()}\n`); return ExitCode.done;
  }
}

const version = (): string => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
};

// A reader that goes away (`millrace explain job.mjs | head`) is no reason for a stack; a sink that writes there sees the error itself.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

// Should the event loop run empty before the job has settled, or the job file call process.exit, Node would end with 0 as if all were done.
let settled = false;
process.once('exit', exitCode => {
  if (settled || exitCode !== 0) return;
  const why = process.exitCode === undefined ? 'nothing was left to wait for' : 'the program called process.exit(0)';
  process.stderr.write(`Error: the job stopped without an end: ${why}\n`);
  process.exitCode = ExitCode.failed;
});

void main(process.argv.slice(2)).then(exitCode => {
  settled = true;
  process.exitCode = exitCode;
  // The job is over, so a socket or timer that its file left open must not keep the command alive; but first let output drain.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
});
