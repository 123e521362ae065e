/** The public API: pipelines and what they are made of. Connectors follow below. */
export { stream } from './plan/pipeline.js';
export type { Aggregated, EventUnit, Grouped, Pipeline, SourceStream } from './plan/pipeline.js';
export type { Output } from './plan/output.js';
export { Job } from './plan/job.js';

export { t } from './plan/type-builders.js';
export type { ColumnType } from './plan/type-builders.js';
export { schema } from './plan/schema.js';
export type { RowOf, Schema } from './plan/schema.js';
export type { BinaryColumn, BoolColumn, Columns, Expr, NumericColumn, TextColumn, TimeColumn } from './plan/column.js';
export type { ColumnTag } from './plan/tags.js';

export { coalesce, lit, when } from './plan/expressions.js';
export { lookup, staticTable } from './plan/static-table.js';
export type { StaticTable } from './plan/static-table.js';
export { udf } from './plan/udf.js';

export { global, tumbling } from './plan/windows.js';
export type { GlobalWindow, TumblingWindow } from './plan/windows.js';
export type { Duration } from './plan/duration.js';
export { boolAnd, boolOr, count, first, last, max, mean, min, stddev, stddevPopulation, sum, variance, variancePopulation } from './plan/aggregates.js';
export type { Aggregate } from './plan/aggregates.js';

export type { Plan } from './plan/plan.js';
export type { DataType, Field, Fields, Row, Value } from './plan/types.js';
export type { JobStats, RunOptions, RunningJob, SourceStats } from './coordinator/job-types.js';
export { ERROR_CODES, MillraceError } from './errors.js';
export type { ErrorCode } from './errors.js';

export type { Source, SourceContext, SourceItem, SourceReader } from './connectors/source.js';
export { DEAD_LETTER_FIELDS } from './connectors/sink.js';
export type { ResultBatch, Sink } from './connectors/sink.js';
export { collect } from './connectors/collect.js';
export { batches } from './connectors/batches.js';
export type { BatchesSink } from './connectors/batches.js';
export { callback } from './connectors/collect.js';
export type { CollectSink } from './connectors/collect.js';
export { rows } from './connectors/rows.js';
export { arrow } from './connectors/arrow.js';
export { arrowIpc } from './connectors/arrow-ipc.js';
export { arrowIpcFile } from './connectors/arrow-ipc-file.js';
export { heapTable } from './connectors/heap-table.js';
export type { HeapTable } from './connectors/heap-table.js';
export { jsonl } from './connectors/jsonl.js';
export { csv } from './connectors/csv.js';
export { terminalTable } from './connectors/terminal-table.js';
export { createEngine } from './coordinator/engine.js';
export type { Engine, EngineOptions } from './coordinator/engine.js';
