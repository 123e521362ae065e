import { MillraceError } from '../errors.js';
import type { Field, Fields } from '../plan/types.js';
import { assignmentsOf, keyOf, type Assignment } from './assignments.js';
import { isDeleted, isVersion, refuseLostDeletes, refuseRetractions } from './changelog.js';
import { checkSums, totalFields } from './increments.js';
import type { RowPlan } from './newest-rows.js';
import { beforeOf, incrementStatement, incrementTargets, LEDGER_EPOCH, LEDGER_VERSION, type IncrementLayout } from './postgres-increment.js';
import type { PostgresSettings } from './postgres-options.js';
import { appendStatement, createStatement, deleteStatement, deleteTargets, quoted, upsertStatement, type Layout, type Target } from './postgres-statements.js';
import { checkTable, type Query } from './postgres-table.js';

/** A statement and where its rows' values come from: indexes into the results' fields. */
export interface Writer {
  readonly text: string;
  readonly targets: readonly { readonly target: Target; readonly index: number }[];
  /** What it takes behind the arrays. */
  readonly constants: readonly unknown[];
}
/** All that is settled when the table is known. `write`: for each row; `remove`: for rows that are taken back, where they go another way. */
export interface Writing {
  readonly rowPlan: RowPlan;
  /** Whether of several rows of one key only the newest is sent. */
  readonly newestOnly: boolean;
  readonly write: Writer;
  readonly remove: Writer | null;
}

const refused = (name: string, message: string): MillraceError => new MillraceError('BAD_OPTION', `${name}: ${message}`);
export const tableName = ({ schema }: PostgresSettings, table: string): string => (schema === null ? '' : `${quoted(schema)}.`) + quoted(table);

/** Compares what is to be written with the table that is there, which it creates if asked to. Throws BAD_OPTION. `ask`: sends a query; `what` it is for. */
export async function planWriting(settings: PostgresSettings, fields: Fields, ask: (what: string) => Query): Promise<Writing> {
  refuseRetractions(settings.name, fields);
  return settings.mode === 'increment' ? planIncrement(settings, fields, ask) : planRows(settings, fields, ask);
}

async function planRows(settings: PostgresSettings, fields: Fields, ask: (what: string) => Query): Promise<Writing> {
  const { name, mode, columns } = settings;
  const removes = settings.removes && fields.some(isDeleted);
  const assignments = assignmentsOf(name, fields, columns).filter(({ field }) => !(removes && isDeleted(field)));
  const key = keyOf(name, assignments, settings.key);
  const version = assignments.find(({ field }) => isVersion(field)) ?? null;
  if (fields.some(isVersion) && version === null) throw refused(name, 'columns must name \'version\', which tells what is newer');
  refuseLostDeletes(name, fields, assignments, settings.removes);
  const table = tableName(settings, settings.table);
  const targets = await prepared(settings, ask, table, assignments, key);
  const layout: Layout = { table, targets, key: key.map(({ column }) => column), version: version?.column ?? null };
  const writer = (text: string, chosen: readonly Target[]): Writer => ({ text, targets: indexed(chosen, assignments), constants: [] });
  return {
    rowPlan: { key: key.map(({ index }) => index), version: version?.index ?? null, deleted: removes ? fields.findIndex(isDeleted) : null },
    newestOnly: mode === 'upsert',
    write: writer(mode === 'append' ? appendStatement(layout) : upsertStatement(layout), targets),
    remove: removes ? writer(deleteStatement(layout), deleteTargets(layout)) : null,
  };
}

async function planIncrement(settings: PostgresSettings, fields: Fields, ask: (what: string) => Query): Promise<Writing> {
  const { name, columns } = settings;
  const all = assignmentsOf(name, fields, undefined);
  const key = keyOf(name, all, settings.key);
  const written = columns ?? Object.fromEntries(totalFields(fields, settings.key, settings.by).map(field => [field.name, field.name]));
  const totals = assignmentsOf(name, fields, written);
  const by = keyOf(name, totals, settings.by), sums = totals.filter(one => !by.includes(one));
  checkSums(name, sums);
  const version = all.find(({ field }) => isVersion(field)) ?? null;

  const own = (field: Field): Assignment => ({ field, index: -1, column: field.name });
  const epoch = own(LEDGER_EPOCH);
  const whole = sums.map(({ field, index }) => ({ field: { ...field, nullable: false }, index, column: field.name }));
  const ledgerColumns = [epoch, ...key, own(LEDGER_VERSION), ...whole, ...sums.map(({ field }) => own(beforeOf(field)))];
  const ledger = tableName(settings, settings.ledger), table = tableName(settings, settings.table);
  const inLedger = await prepared({ ...settings, name: `${name}, its ledger ${settings.ledger}` }, ask, ledger, ledgerColumns, [epoch, ...key]);
  const inTable = await prepared(settings, ask, table, totals, by);
  const find = (targets: readonly Target[], { column }: Assignment): Target => targets.find(target => target.column === column)!;
  const layout: IncrementLayout = {
    table, ledger, versioned: version !== null,
    key: key.map(one => find(inLedger, one)), sums: whole.map(one => find(inLedger, one)),
    by: by.map(one => find(inTable, one)), totals: sums.map(one => find(inTable, one)),
  };
  return {
    rowPlan: { key: key.map(({ index }) => index), version: version?.index ?? null, deleted: null },
    newestOnly: true, remove: null,
    write: { text: incrementStatement(layout), targets: indexed(incrementTargets(layout), [...key, ...whole, ...(version === null ? [] : [version])]), constants: [settings.epoch] },
  };
}

const indexed = (chosen: readonly Target[], assignments: readonly Assignment[]): Writer['targets'] =>
  chosen.map(target => ({ target, index: assignments.find(({ column }) => column === target.column)!.index }));

/** The targets of a table, which is created if that was asked for, and checked. */
async function prepared({ name, createTable }: PostgresSettings, ask: (what: string) => Query, table: string, assignments: readonly Assignment[], key: readonly Assignment[]): Promise<Target[]> {
  if (createTable) await ask('cannot create the table')(createStatement(table, assignments, key.map(({ column }) => column)), []);
  return checkTable(ask('cannot look at the table'), name, table, assignments, key);
}
