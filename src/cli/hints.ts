import type { ErrorCode } from '../errors.js';

/** What to do about an error, where its message may not say. In full: docs/errors.md. */
export const HINTS: Partial<Record<ErrorCode, string>> = {
  EXPRESSION_LOST: 'combine expressions with .and(), .or(), .not() and when(): JavaScript\'s &&, || and ?: cannot be recorded',
  EXPRESSION_COERCED: 'use the methods of the expression (.eq(), .add(), .concat()…) instead of JavaScript\'s operators',
  HEAP_TOO_SMALL: 'give a larger --heap, or fewer --workers',
  HEAP_FULL: 'give a larger --heap, or smaller batches with --batch-rows',
  STATE_FULL: 'give a larger --heap, or use shorter windows, fewer keys or a smaller outOfOrderness',
  BATCH_TOO_LARGE: 'give a larger --heap, or smaller batches with --batch-rows',
  BAD_ROW: 'leave out --on-bad-row fail to set bad rows aside and go on',
  WORKER_OUT_OF_MEMORY: 'a user-defined function or a very large dictionary is the likeliest cause; fewer --workers leave more for each',
  AGGREGATE_OVERFLOW: 'cast the input to a wider type, for example to float64',
  UDF_NOT_FOUND: 'a udf is named by udf(import.meta.url, \'name\') and must be an export of that very file',
};
