// User-defined functions that misbehave. Plain JavaScript: workers load this file as it is.
import { isMainThread } from 'node:worker_threads';

export const throwsOnOdd = n => { if (n % 2n === 1n) throw new Error(`${n} is odd`); return n; };
export const wrongType = n => n % 2n === 1n ? 'text' : n;
export const throwsText = () => { throw 'just a text'; };
export const rejectsLater = async () => { throw new Error('nobody waits for this'); };
export const exits = n => { if (n === 500n) process.exit(3); return n; };
// Small objects, linked: should a single allocation pass the limit by far, Node ends the process (see WORKER_OUT_OF_MEMORY in docs/errors.md).
export const hoards = n => { let kept = null; for (;;) kept = { kept, values: [n, n, n] }; };
export const loops = n => { if (!isMainThread && n === 500n) for (;;); return n; };
export const slow = n => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); return n; };
export const same = n => n;
export const notAFunction = 42;
