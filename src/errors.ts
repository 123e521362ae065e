/** The catalogue of coded errors: each says what happened and what to do. Documented in docs/errors.md, tested against it. */
export const ERROR_CODES = {
  PLAN_INVALID: 'The pipeline cannot be planned.',
  UNKNOWN_COLUMN: 'An expression names a column that does not exist.',
  TYPE_MISMATCH: 'An expression gets a type it cannot take.',
  EXPRESSION_LOST: 'An expression was built but is not part of its callback\'s result.',
  EXPRESSION_COERCED: 'An expression was used as a JavaScript string, number or boolean.',
  HEAP_TOO_SMALL: 'The heap is smaller than the engine needs to start.',
  HEAP_FULL: 'The shared heap is full.',
  STATE_FULL: 'The window state has used up its share of the heap.',
  BATCH_TOO_LARGE: 'One batch or row does not fit its share of the heap.',
  SOURCE_FAILED: 'A source failed.',
  SINK_FAILED: 'A sink failed.',
  SINK_UNREACHABLE: 'A store did not answer for as long as its sink may wait.',
  SPILL_FULL: 'There is no room for results that wait for a store.',
  BAD_ROW: 'A bad row, and the job was asked to stop at the first.',
  WORKER_FAILED: 'A worker threw.',
  WORKER_EXITED: 'A worker ended on its own.',
  WORKER_OUT_OF_MEMORY: 'A worker ran out of memory.',
  AGGREGATE_OVERFLOW: 'The result of an aggregate does not fit its type.',
  AGGREGATE_TOO_LARGE: 'The state of an aggregate is larger than its bound.',
  UDF_FAILED: 'A user-defined aggregate failed where no row is to blame.',
  UDF_NOT_FOUND: 'A user-defined function could not be loaded.',
  MISSING_PACKAGE: 'An optional package is needed and not installed.',
  BAD_OPTION: 'An option has a value it cannot have.',
  BAD_FILE: 'A file is not what its name or its reader promises.',
  CANCELLED: 'The job was cancelled.',
  ENGINE_CLOSED: 'The engine is closed.',
} as const;
/** A code of the catalogue; its meaning never changes. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The one error that ends a job, or refuses a pipeline: `code` says which of the catalogue it is, `message` what happened. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  constructor(readonly code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
  }
}

/** Why a row did not become part of the results, as dead-letter and late sinks are told. */
export const DEAD_LETTER_REASONS = [
  'BAD_ROW', 'NULL_IN_NON_NULL', 'BAD_TIME', 'BAD_CAST', 'OVERFLOW', 'UDF_FAILED', 'KEY_TOO_LARGE', 'FUTURE_TIME', 'UNKNOWN_ZONE', 'LATE',
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];
