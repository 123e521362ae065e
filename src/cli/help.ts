import { OPTIONS, type CommandName, type OptionSpec } from './options.js';

const WIDTH = 100;

const MAIN = `millrace: stream processing on all cores of one machine

Usage:
  millrace run job.mjs [options] [-- arguments for the job file]
  millrace explain job.mjs [--json] [-- arguments for the job file]
  millrace help [run|explain]
  millrace --version

A job file is a JavaScript module whose default export is a job (what pipeline.to(sink) returns), or a
function, possibly async, that gets the arguments behind -- as an array of strings and returns a job.
`;

const EXIT_CODES = `Exit codes:
  0    The job finished. A warning says so if rows were dead-lettered.
  1    The job began and failed: no output file was completed.
  2    The command, the job file or the plan is wrong: nothing was run.
  3    With --strict: the job finished, but rows were dead-lettered.
  130  Ctrl-C (SIGINT). The first stops reading, finishes what is in flight and reports it;
       a second ends the command at once, and results may be incomplete.
  143  SIGTERM, likewise.
`;

const ABOUT: Record<CommandName, string> = {
  run: `Runs a job to its end. Results go where the job's sink says; progress and the summary go to standard
error, and there is a progress line only where that is a terminal.
`,
  explain: 'Shows what a job would do, without running it.\n',
};

export function helpText(topic: CommandName | null): string {
  if (topic === null) return `${MAIN}\n${EXIT_CODES}\nOptions of a command: millrace run --help, millrace explain --help\n`;
  const usage = topic === 'run' ? 'millrace run job.mjs [options]' : 'millrace explain job.mjs [options]';
  const parts = [`Usage: ${usage} [-- arguments for the job file]\n`, ABOUT[topic], `Options:\n${optionLines(OPTIONS[topic])}`];
  return [...parts, EXIT_CODES].join('\n');
}

function optionLines(options: readonly OptionSpec[]): string {
  const heads = options.map(({ name, short, value }) =>
    `  ${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`);
  const indent = Math.max(...heads.map(head => head.length)) + 2;
  return options.map((option, i) => {
    const choices = option.choices === undefined ? '' : ` One of: ${option.choices.join(', ')}.`;
    return `${heads[i]!.padEnd(indent)}${wrap(option.help + choices, indent)}\n`;
  }).join('');
}

function wrap(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1]!;
    if (line.length + 1 + word.length > WIDTH - indent) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
