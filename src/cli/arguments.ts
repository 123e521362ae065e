import { parseArgs } from 'node:util';
import { MillraceError } from '../errors.js';
import type { RunOptions } from '../coordinator/job-types.js';
import { isCommandName, OPTIONS, type CommandName, type OptionSpec } from './options.js';

export interface JobFile {
  readonly file: string;
  /** What stood behind `--`: arguments for a job file that exports a function. */
  readonly jobArguments: readonly string[];
  readonly verbose: boolean;
  readonly json: boolean;
}
export interface RunCommand extends JobFile {
  readonly kind: 'run';
  readonly options: RunOptions;
  readonly quiet: boolean;
  readonly strict: boolean;
}
export interface ExplainCommand extends JobFile {
  readonly kind: 'explain';
}
export type Command =
  | RunCommand
  | ExplainCommand
  | { readonly kind: 'help'; readonly topic: CommandName | null }
  | { readonly kind: 'version' };

type Values = Record<string, string | boolean | undefined>;

/** Throws BAD_OPTION, whose message says what was expected. */
export function parseCommand(argv: readonly string[]): Command {
  const [name, ...rest] = argv;
  if (name === undefined) throw usage('a command is missing');
  if (name === '--version' || name === '-v' || name === '-V') return { kind: 'version' };
  if (name === '--help' || name === '-h' || name === 'help') return helpFor(rest[0]);
  if (name.startsWith('-')) throw usage(`unknown option '${name}'`);
  if (!isCommandName(name)) throw usage(`unknown command '${name}': there are run and explain`);

  const { values, positionals, jobArguments } = parse(name, rest);
  if (values['help'] === true) return { kind: 'help', topic: name };
  const [file, extra] = positionals;
  if (file === undefined) throw usage(`'millrace ${name}' needs a job file`, name);
  if (extra !== undefined) throw usage(`unexpected argument '${extra}' (arguments for the job file go behind --)`, name);

  const common = { file, jobArguments, verbose: values['verbose'] === true, json: values['json'] === true };
  if (name === 'explain') return { kind: 'explain', ...common };
  return { kind: 'run', ...common, quiet: values['quiet'] === true, strict: values['strict'] === true, options: runOptions(values) };
}

const helpFor = (topic: string | undefined): Command => {
  if (topic === undefined) return { kind: 'help', topic: null };
  if (!isCommandName(topic)) throw usage(`no help for '${topic}': there are run and explain`);
  return { kind: 'help', topic };
};

function parse(command: CommandName, argv: readonly string[]): { values: Values; positionals: string[]; jobArguments: string[] } {
  const specs: readonly OptionSpec[] = OPTIONS[command];
  // What follows `--` is the job file's and must not be looked at, so it is cut off before parsing.
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const options = Object.fromEntries(specs.map(spec => [spec.name, {
    type: spec.value === undefined ? 'boolean' as const : 'string' as const,
    ...(spec.short === undefined ? {} : { short: spec.short }),
  }]));
  try {
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true });
    for (const spec of specs) check(spec, values[spec.name], command);
    return { values, positionals, jobArguments: end < 0 ? [] : argv.slice(end + 1) };
  } catch (error) {
    if (error instanceof MillraceError || !(error instanceof TypeError)) throw error;
    throw usage(parseProblem(error.message), command);
  }
}

function check(spec: OptionSpec, value: string | boolean | undefined, command: CommandName): void {
  if (typeof value !== 'string') return;
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    throw usage(`--${spec.name} is ${spec.choices.join(' or ')}, not '${value}'`, command);
  }
  if (spec.whole && !/^[1-9]\d{0,8}$/.test(value)) throw usage(`--${spec.name} is a whole number of at least 1, not '${value}'`, command);
  if (value === '') throw usage(`--${spec.name} needs a value`, command);
}

/** Only what was given: every default has its one home in the engine. */
function runOptions(values: Values): RunOptions {
  const { workers, heap, partitioner, kernels } = values;
  const batchRows = values['batch-rows'];
  const onBadRow = values['on-bad-row'];
  return {
    ...(workers === undefined ? {} : { workers: Number(workers) }),
    ...(typeof heap !== 'string' ? {} : { heap: /^\d+$/.test(heap) ? Number(heap) : heap }),
    ...(batchRows === undefined ? {} : { batchRows: Number(batchRows) }),
    ...(onBadRow === undefined ? {} : { onBadRow: onBadRow as 'fail' | 'deadLetter' }),
    ...(partitioner === undefined ? {} : { partitioner: partitioner as 'auto' | 'hash' | 'local' }),
    ...(kernels === undefined ? {} : { kernels: kernels as 'wasm' | 'typescript' }),
  };
}

const usage = (problem: string, command?: CommandName): MillraceError =>
  new MillraceError('BAD_OPTION', `${problem}; see 'millrace ${command === undefined ? '' : `${command} `}--help'`);

/** Node's first sentence says what is wrong; the rest is advice that does not fit this command. */
function parseProblem(message: string): string {
  const ambiguous = /^Option '(.*)' argument is ambiguous/.exec(message);
  if (ambiguous) return `the value of ${ambiguous[1]} begins with '-': write ${ambiguous[1]!.replace(/^.*(?=--)/, '')}=VALUE if it is meant`;
  return lowerFirst(message.split(/\.\s|\n/)[0]!);
}
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
