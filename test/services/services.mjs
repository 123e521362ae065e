import { cassandra } from './cassandra.mjs';
import { kafka } from './kafka.mjs';
import { postgres } from './postgres.mjs';
import { s3 } from './s3.mjs';

/** What can be started. A service says how: fetch, prepare, command, check; lifecycle.mjs says when. */
export const SERVICES = { kafka, postgres, cassandra, s3 };
export const NAMES = Object.keys(SERVICES);
