import type { Parcel, Store } from './delivery/delivery.js';
import { LOST_CODES } from './delivery/network.js';
import type { PostgresClient } from './postgres-options.js';

/** Rows of one statement: the text of one array for each of its columns. */
export interface PostgresParcel extends Parcel {
  /** Name of the statement. */
  readonly kind: string;
  readonly parameters: readonly string[];
}
/** By name: the statement, and what it takes behind the parameters of a parcel. */
export type Statements = Readonly<Record<string, { readonly text: string; readonly constants: readonly unknown[] }>>;

/** Delivery to PostgreSQL: a parcel is one statement, and a statement is done in whole or not at all. */
export class PostgresStore implements Store<PostgresParcel> {
  /** Set when the table is known. */
  statements: Statements = {};
  constructor(readonly name: string, private readonly client: PostgresClient) {}

  get layout(): string {
    return JSON.stringify(Object.entries(this.statements).map(([kind, { text }]) => [kind, text]));
  }

  async send({ kind, parameters }: PostgresParcel): Promise<void> {
    const { text, constants } = this.statements[kind]!;
    await this.client.query(text, [...parameters, ...constants]);
  }
  async query(text: string, parameters: unknown[]): Promise<Record<string, unknown>[]> {
    return (await this.client.query(text, parameters)).rows as Record<string, unknown>[];
  }

  isTransient(error: unknown): boolean {
    return isTransient(error);
  }
  describe(error: unknown): string {
    return describe(error);
  }

  encode(parcel: PostgresParcel): Uint8Array {
    return Buffer.from(JSON.stringify(parcel));
  }
  decode(bytes: Uint8Array): PostgresParcel {
    return JSON.parse(Buffer.from(bytes).toString()) as PostgresParcel;
  }
}

/** How many sinks use a client. */
const watched = new WeakMap<PostgresClient, number>();
const ignore = (): void => {};

/** A client without a listener ends the process when its connection is lost; the statement that finds out tells us. Returns what ends it. */
export function watch(client: PostgresClient): () => void {
  const { on, off } = client as { on?: unknown; off?: unknown };
  if (typeof on !== 'function' || typeof off !== 'function') return () => {};
  const users = watched.get(client) ?? 0;
  watched.set(client, users + 1);
  if (users === 0) on.call(client, 'error', ignore);
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    const left = watched.get(client)! - 1;
    watched.set(client, left);
    if (left === 0) off.call(client, 'error', ignore);
  };
}

/**
 * SQLSTATEs of what passes: by class the connection (08), resources (53) and the system (58); a transaction that lost to another (40001,
 * 40P01, 55P03), a server that shuts down, starts or was told to end us (57P), a statement that took too long (57014), a standby (25006).
 */
const PASSING_CLASSES = ['08', '53', '58'];
const PASSING_STATES = ['40001', '40P01', '55P03', '57P01', '57P02', '57P03', '57P05', '57014', '25006'];
/** What pg says without a code. Of a Client that has no connection any more it says something else, and that does not pass. */
const LOST_MESSAGE = /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout)/;

function isTransient(error: unknown): boolean {
  const { code, syscall, message, errors } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; syscall?: unknown; message?: unknown; errors?: unknown };
  // Several addresses were tried.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isTransient);
  if (typeof code === 'string') {
    if (LOST_CODES.includes(code) || syscall === 'connect') return true;
    return code.length === 5 && (PASSING_CLASSES.includes(code.slice(0, 2)) || PASSING_STATES.includes(code));
  }
  return LOST_MESSAGE.test(String(message ?? ''));
}

/** The error of a client may hold the statement, its parameters and how to connect: only its code and its first line are told. */
export function describe(error: unknown): string {
  const { message, code, errors } = (typeof error === 'object' && error !== null ? error : { message: error }) as { message?: unknown; code?: unknown; errors?: unknown };
  const told = message === '' && Array.isArray(errors) && errors.length > 0 ? (errors[0] as Error).message : String(message ?? '');
  const text = told.split('\n')[0]!.replaceAll(/\b(\w+:\/\/)[^\s@/]*@/g, '$1…@').replaceAll(/\b(password\s*[=:]\s*)\S+/gi, '$1…').slice(0, 300);
  const hint = text.includes('is not queryable') ? '; a Client does not connect again, a Pool does' : '';
  return `${text}${hint}${typeof code === 'string' ? ` (${code})` : ''}`;
}
