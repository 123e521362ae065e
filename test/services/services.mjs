import { cassandra } from './cassandra.mjs';
import { kafka } from './kafka.mjs';
import { postgres } from './postgres.mjs';

/** What can be started. A service says how: fetch, prepare, command, check; lifecycle.mjs says when. */
export const SERVICES = { kafka, postgres, cassandra };
export const NAMES = Object.keys(SERVICES);
