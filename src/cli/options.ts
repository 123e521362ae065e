/** The one list of the command's options: what is parsed, what `--help` prints and what docs/cli.md must name. */
export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in the help; absent for a flag. */
  readonly value?: string;
  /** All values there are. */
  readonly choices?: readonly string[];
  /** The value must be a whole number of at least 1. */
  readonly whole?: true;
  readonly help: string;
}

const COMMON: readonly OptionSpec[] = [
  { name: 'verbose', help: 'Show stacks of errors (also with MILLRACE_DEBUG=1 in the environment).' },
  { name: 'help', short: 'h', help: 'Show this help.' },
];

export type CommandName = 'run' | 'explain';

export const OPTIONS: Record<CommandName, readonly OptionSpec[]> = {
  run: [
    { name: 'workers', short: 'w', value: 'N', whole: true, help: 'Worker threads. Default: the available parallelism, at most 16.' },
    { name: 'heap', value: 'SIZE', help: 'Shared heap, such as 512MiB or 4GiB. Default: 4GiB, or half of the available memory if that is less.' },
    { name: 'on-bad-row', value: 'WHAT', choices: ['deadLetter', 'fail'], help: 'Set a bad row aside and go on (deadLetter, default), or stop at the first (fail).' },
    { name: 'partitioner', value: 'NAME', choices: ['auto', 'hash', 'local'], help: 'How the rows of a keyed aggregate are spread. Default: auto.' },
    { name: 'batch-rows', value: 'N', whole: true, help: 'Rows of a batch. Default: 65536.' },
    { name: 'kernels', value: 'KIND', choices: ['wasm', 'typescript'], help: 'WebAssembly (default) or the slower TypeScript twins.' },
    { name: 'strict', help: 'Exit with 3 if the job finished but rows were dead-lettered.' },
    { name: 'quiet', short: 'q', help: 'No progress line and no summary; warnings and errors stay.' },
    { name: 'json', help: 'Print the final stats to standard output as one line of JSON.' },
    ...COMMON,
  ],
  explain: [
    { name: 'json', help: 'Print the plan as JSON instead of its stages.' },
    ...COMMON,
  ],
};

export const isCommandName = (name: string): name is CommandName => Object.hasOwn(OPTIONS, name);
