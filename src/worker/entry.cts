type Thread = typeof import('./thread.js', { with: { 'resolution-mode': 'import' } });

/**
 * What Piscina loads in a thread. It does so by `require`, and a thread that is ended while `require` links an ES module takes the whole
 * process with it (Node 20: "IsGraphAsync must be used on an instantiated module"): a job may fail, and its engine be closed, before its threads are up. `import`
 * has no such end. Piscina waits for the promise before it calls the thread ready.
 */
const drain: Promise<Thread['default']> = import('./thread.js').then(thread => thread.default);
export = drain;
