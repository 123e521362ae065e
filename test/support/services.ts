import { afterAll } from 'vitest';

/** Servers that tests need, started by test/services; `npm run services -- up` before a run keeps them for the next. */
export type ServiceName = 'kafka' | 'postgres' | 'cassandra' | 's3';
/** The order in which a file asks for several, so that no two files wait for each other. */
const ORDER: readonly ServiceName[] = ['kafka', 'postgres', 'cassandra', 's3'];

interface Lifecycle {
  /** Has it neither answer nor close a connection, until `resume`. */
  pause(name: ServiceName): Promise<void>;
  resume(name: ServiceName): Promise<void>;
  /** Ends it; its data and its port stay. `crash`: without a chance to tidy up. */
  stop(name: ServiceName, options?: { readonly crash?: boolean }): Promise<void>;
  /** Starts what was stopped; resolves once it answers. */
  start(name: ServiceName): Promise<unknown>;
  restart(name: ServiceName): Promise<unknown>;
}

const load = <T>(file: string): Promise<T> => import(new URL(`../services/${file}`, import.meta.url).href) as Promise<T>;
const { use } = await load<{ use(name: ServiceName): Promise<{ readonly address: string }> }>('runs.mjs');
const { hold } = await load<{ hold(name: ServiceName, exclusively: boolean): Promise<() => void> }>('holders.mjs');

const { guarded } = await load<{ guarded(state: { ports: readonly number[] }): { address: string; username: string; password: string } }>('kafka.mjs');
const { readState } = await load<{ readState(name: ServiceName): { ports: readonly number[] } | null }>('folder.mjs');
/** Where Kafka asks for a name and a password, and how a user gets in that may do nothing. REQUIRES: `service('kafka')` gave an address. */
export const guardedKafka = (): { readonly address: string; readonly username: string; readonly password: string } => guarded(readState('kafka')!);

/** What a test may do to a service that its file has for itself (`alone`). */
export const lifecycle: Lifecycle = await load<Lifecycle>('lifecycle.mjs');

const held: ServiceName[] = [];

/**
 * The address of a service, started if need be; null, and a line that says why, where it cannot be had. With CI set that is an error. To be
 * called at the top of a file, not in a test. Two files of tests run at a time and share it: they keep to topics, tables, keyspaces and
 * buckets of their own. A file that stops or pauses it asks for it `alone`; others then wait until it is through.
 *
 *     const kafka = await service('kafka');
 *     describe.skipIf(kafka === null)('the Kafka source', () => …);
 */
export async function service(name: ServiceName, options: { readonly alone?: boolean } = {}): Promise<string | null> {
  if (held.some(other => ORDER.indexOf(other) >= ORDER.indexOf(name))) throw new Error(`ask for services once and in this order: ${ORDER.join(', ')}`);
  held.push(name);
  const release = await hold(name, options.alone ?? false);
  afterAll(release);
  try {
    return (await use(name)).address;
  } catch (error) {
    const reason = (error as Error).message;
    if (process.env['CI']) throw new Error(`CI is set, so tests with ${name} are not skipped: ${reason}`, { cause: error });
    console.warn(`SKIPPED: tests with ${name}: ${reason}`);
    return null;
  }
}
