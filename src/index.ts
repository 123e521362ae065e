/** The public API, one part after another. `millrace/parquet` and `millrace/postgres` are doors of their own: they need packages that not everybody has. */

// Pipelines.
export { stream } from './pipeline/pipeline.js';
export type { Grouped, Pipeline, SourceStream } from './pipeline/pipeline.js';
export type { AsOfJoinOptions, HalfJoinOptions, Joined, JoinInput, JoinAllInput, JoinKeys, JoinOptions, Joins, JoinSeveralOptions, Restored, Retracting, RetractingGroups } from './pipeline/joins.js';
export type { JoinBounds, JoinKind, JoinMode, JoinTiming, JoinWindows } from './plan/join-options.js';
export type { Aggregated, EventUnit, Results, TopOptions, Updates } from './pipeline/results.js';
export type { EventTimeOptions } from './plan/event-time.js';
export type { Firing, LateOptions } from './plan/firing.js';
export type { Output } from './pipeline/output.js';
export type { OptimiserSwitches } from './plan/optimise/rules.js';
export { Job } from './pipeline/job.js';
export { together } from './pipeline/together.js';
export type { Plan } from './plan/plan.js';

// Schemas and values.
export { t } from './plan/type-builders.js';
export type { ColumnType } from './plan/type-builders.js';
export { schema } from './plan/schema.js';
export type { RowOf, Schema } from './plan/schema.js';
export type { DataType, Field, Fields, Row, Value } from './plan/types.js';

// Expressions.
export { coalesce, lit, when } from './plan/expressions.js';
export { lookup, staticTable } from './plan/static-table.js';
export type { StaticTable } from './plan/static-table.js';
export { udf } from './plan/udf.js';
export type { BinaryColumn, BoolColumn, Columns, Expr, NumericColumn, TextColumn, TimeColumn } from './plan/column.js';
export type { ColumnTag } from './plan/tags.js';

// Windows and aggregates.
export { calendar, countWindow, cumulating, global, session, sliding, tumbling } from './plan/windows.js';
export type { CalendarWindow, CountWindow, CumulatingWindow, GlobalWindow, SessionWindow, SlidingWindow, TumblingWindow } from './plan/windows.js';
export type { Duration } from './plan/duration.js';
export {
  approxCountDistinct, argMax, argMin, boolAnd, boolOr, bottomN, collectList, count, countDistinct, first, last, max, mean, median, min, mostFrequent,
  quantile, stddev, stddevPopulation, sum, topN, variance, variancePopulation,
} from './plan/aggregates.js';
export { aggregateFn, reduce } from './plan/user-aggregates.js';
export type { Aggregate, QuantileOptions } from './plan/aggregates.js';

// Sources.
export { rows } from './connectors/rows.js';
export type { RowsOptions } from './connectors/rows.js';
export { arrow } from './connectors/arrow.js';
export type { ArrowData, ArrowOptions } from './connectors/arrow.js';
export { arrowIpc } from './connectors/arrow-ipc.js';
export type { ArrowIpcOptions } from './connectors/arrow-ipc.js';

// Sources and sinks in one.
export { jsonl } from './connectors/jsonl.js';
export type { JsonlOptions } from './connectors/jsonl.js';
export { csv } from './connectors/csv.js';
export type { CsvOptions } from './connectors/csv.js';
export type { InputTarget } from './connectors/file-input.js';
export type { OutputTarget } from './connectors/file-output.js';

// Sinks.
export { callback, collect } from './connectors/collect.js';
export type { CallbackOptions, CollectSink } from './connectors/collect.js';
export { batches } from './connectors/batches.js';
export type { BatchesSink } from './connectors/batches.js';
export { arrowIpcFile } from './connectors/arrow-ipc-file.js';
export type { ArrowIpcFileOptions } from './connectors/arrow-ipc-file.js';
export { rolledFiles } from './connectors/rolled-files.js';
export type { RolledFilesOptions } from './connectors/rolled-files.js';
export type { RolledOptions, RollOptions } from './connectors/parts/roll-options.js';
export { webhook } from './connectors/webhook.js';
export type { WebhookHeaders, WebhookOptions } from './connectors/webhook.js';
export type { DeliveryOptions, RetryOptions, SpillOptions } from './connectors/delivery/options.js';
export { terminalTable } from './connectors/terminal-table.js';
export type { TerminalTableOptions } from './connectors/terminal-table.js';

// What sources and sinks are, to write one.
export type { Delivered, DeliveredPartition, PartitionEnd, Restart, ResumedPartition, Source, SourceContext, SourceItem, SourceReader, SourceRows } from './connectors/source.js';
export { DEAD_LETTER_FIELDS } from './connectors/sink.js';
export type { DeliveryStats, ResultBatch, Sink } from './connectors/sink.js';

// Engines and runs.
export { createEngine } from './coordinator/engine.js';
export type { Engine, EngineOptions, TableOptions } from './coordinator/engine.js';
export type { ColumnValues, EngineTable } from './coordinator/engine-table.js';
export type { BatchBuilder } from './batch/batch-builder.js';
export type { Clock } from './coordinator/clock.js';
export type { JobStats, RunningJob, RunOptions, SourceStats, StageStats } from './coordinator/job-types.js';

// Errors.
export { ERROR_CODES, MillraceError } from './errors.js';
export type { ErrorCode } from './errors.js';
