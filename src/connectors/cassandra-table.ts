import { MillraceError } from '../errors.js';
import type { Field, Fields } from '../plan/types.js';
import { assignmentsOf, keyOf, type Assignment } from './assignments.js';
import type { CassandraSettings } from './cassandra-options.js';
import { createStatement, EPOCH, quoted, REVISION, totalOf, typeOf, VERSION, type Column } from './cassandra-statements.js';
import { holds, wanted } from './cassandra-types.js';
import { isDeleted, isVersion, refuseLostDeletes, refuseRetractions } from './changelog.js';
import { checkSums, totalFields } from './increments.js';
import type { RowPlan } from './newest-rows.js';

/** A question to the server: its errors name the sink and are coded. */
export type Question = (query: string, parameters: unknown[]) => Promise<readonly object[]>;

/** All that is settled when the table is known. */
export interface Layout {
  /** As it stands in statements. */
  readonly table: string;
  /** In the order of the table's primary key; of increments without the epoch. */
  readonly partition: readonly Column[];
  readonly clustering: readonly Column[];
  /** What is written besides: of increments what is added up. */
  readonly values: readonly Column[];
  readonly rowPlan: RowPlan;
}

const refused = (name: string, message: string): MillraceError => new MillraceError('BAD_OPTION', `${name}: ${message}`);
const list = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ');

/** Compares the table that is there with what is to be written, and creates it if asked to. Throws BAD_OPTION. */
export async function planTable(settings: CassandraSettings, fields: Fields, ask: (what: string) => Question): Promise<Layout> {
  const { name, table, mode, createTable, client } = settings;
  refuseRetractions(name, fields);
  const keyspace = settings.keyspace ?? client.keyspace;
  if (keyspace === undefined) throw refused(name, 'keyspace must be named, here or in the client');
  const whole = `${quoted(keyspace)}.${quoted(table)}`;
  const wantedRows = mode === 'increment' ? incrementColumns(settings, fields) : rowColumns(settings, fields);
  const { key, values, own, rowPlan } = wantedRows;
  const partition = settings.partition.map(keyName => key.find(({ field }) => field.name === keyName)!), clustering = key.filter(one => !partition.includes(one));
  const epoch = own.filter(({ column }) => column === EPOCH);
  if (createTable) {
    const declared = [...key, ...values, ...own].map(one => ({ column: one.column, type: typeOf(one.field), isStatic: isStatic(one.column, mode) }));
    await ask('cannot create the table')(createStatement(whole, declared, partition.map(({ column }) => column), [...epoch, ...clustering].map(({ column }) => column)), []);
  }
  const there = await tableColumns(ask('cannot look at the table'), keyspace, table);
  if (there.length === 0) throw refused(name, `there is no table ${whole}; create it, or say createTable: true`);
  checkTypes(name, there, [...key, ...values, ...own]);
  const ofKind = (kind: string): string[] => there.filter(one => one.kind === kind).sort((a, b) => a.position - b.position).map(one => one.name);
  const primary = [...ofKind('partition_key'), ...ofKind('clustering')];
  const wantedKey = [...partition, ...epoch, ...clustering].map(({ column }) => column);
  if (mode === 'increment' ? primary.join('\n') !== wantedKey.join('\n') || ofKind('partition_key').length !== partition.length : primary.toSorted().join('\n') !== wantedKey.toSorted().join('\n')) {
    throw refused(name, `the primary key of the table must be just (${wantedKey.join(', ')}); it is ((${ofKind('partition_key').join(', ')}), ${ofKind('clustering').join(', ')})`);
  }
  const statics = ofKind('static'), wantedStatics = own.filter(({ column }) => isStatic(column, mode)).map(({ column }) => column);
  const notStatic = wantedStatics.filter(column => !statics.includes(column)), wrongStatic = [...key, ...values].filter(({ column }) => statics.includes(column));
  if (notStatic.length > 0) throw refused(name, `${list(notStatic)} must be static: one for each partition`);
  if (wrongStatic.length > 0) throw refused(name, `${list(wrongStatic.map(({ column }) => column))} is static: each row of a partition would overwrite it`);
  const located = (one: Assignment): Column => ({ ...one, type: there.find(column => column.name === one.column)!.type });
  const byColumn = (columns: readonly string[]): Column[] => columns.flatMap(column => key.filter(one => one.column === column).map(located));
  return { table: whole, partition: byColumn(ofKind('partition_key')), clustering: byColumn(ofKind('clustering')), values: values.map(located), rowPlan };
}

interface Wanted {
  readonly key: readonly Assignment[];
  readonly values: readonly Assignment[];
  /** Columns that no result column goes to. */
  readonly own: readonly Assignment[];
  readonly rowPlan: RowPlan;
}

function rowColumns({ name, columns, key: keyNames, removes }: CassandraSettings, fields: Fields): Wanted {
  const removing = removes && fields.some(isDeleted);
  const assignments = assignmentsOf(name, fields, columns).filter(({ field }) => !(removing && isDeleted(field)));
  const key = keyOf(name, assignments, keyNames);
  refuseLostDeletes(name, fields, assignments, removes);
  // The version is the timestamp of what is written, whether it has a column or not.
  const version = fields.findIndex(isVersion);
  return {
    key, own: [], values: assignments.filter(one => !key.includes(one)),
    rowPlan: { key: key.map(({ index }) => index), version: version < 0 ? null : version, deleted: removing ? fields.findIndex(isDeleted) : null },
  };
}

function incrementColumns({ name, columns, key: keyNames, partition }: CassandraSettings, fields: Fields): Wanted {
  const written = columns ?? Object.fromEntries([...keyNames, ...totalFields(fields, keyNames, []).map(field => field.name)].map(column => [column, column]));
  const assignments = assignmentsOf(name, fields, written);
  const key = keyOf(name, assignments, keyNames);
  if (key.length === partition.length) throw refused(name, 'partition must name fewer columns than key: totals are kept for each partition, and each of its results is added once');
  const values = assignments.filter(one => !key.includes(one) && !isVersion(one.field) && !isDeleted(one.field));
  checkSums(name, values);
  const version = fields.findIndex(isVersion);
  const own = (column: string, type: Field['type']): Assignment => ({ field: { name: column, type, nullable: true }, index: -1, column });
  const sums = values.map(({ field, column }) => own(totalOf(column), totalType(field.type)));
  return {
    key, values, own: [own(EPOCH, { kind: 'utf8' }), own(VERSION, { kind: 'int64' }), own(REVISION, { kind: 'int64' }), ...sums],
    rowPlan: { key: key.map(({ index }) => index), version: version < 0 ? null : version, deleted: null },
  };
}
/** What sums of a type are kept as. */
const totalType = (type: Field['type']): Field['type'] => (type.kind === 'decimal' || type.kind === 'uint64' ? type : { kind: 'int64' });
const isStatic = (column: string, mode: string): boolean => mode === 'increment' && (column === REVISION || column.startsWith(totalOf('')));

interface TableColumn { readonly name: string; readonly type: string; readonly kind: string; readonly position: number }
async function tableColumns(ask: Question, keyspace: string, table: string): Promise<TableColumn[]> {
  const rows = await ask('SELECT column_name, type, kind, position FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?', [keyspace, table]);
  return rows.map(row => row as Record<string, unknown>).map(row => ({ name: String(row['column_name']), type: String(row['type']), kind: String(row['kind']), position: Number(row['position']) }));
}

function checkTypes(name: string, there: readonly TableColumn[], assignments: readonly Assignment[]): void {
  const columns = new Map(there.map(column => [column.name, column.type]));
  const missing = assignments.filter(({ column }) => !columns.has(column)).map(one => `${one.column} ${typeOf(one.field)}`);
  if (missing.length > 0) throw refused(name, `the table lacks ${missing.join(', ')}; it has ${list([...columns.keys()])}`);
  const wrong = assignments.filter(({ field, column }) => !holds(columns.get(column)!, field.type)).map(({ field, column }) => `'${column}' is ${columns.get(column)} and not ${wanted(field.type)}`);
  if (wrong.length > 0) throw refused(name, `a column of the table has another type: ${wrong.join('; ')}`);
}
