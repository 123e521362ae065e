import { enter, leave, use } from './runs.mjs';

/** Started ahead, in the background, when the whole suite runs; a few named files start what they ask for. */
const AHEAD = ['kafka', 'postgres', 'cassandra'];

/** Vitest calls this before the first file of tests, and what it returns after the last. */
export default function setup(project) {
  enter();
  const wholeSuite = project.vitest.filenamePattern === undefined;
  // Whoever needs a service that did not start is told why.
  const begun = wholeSuite ? AHEAD.map(name => use(name).catch(() => {})) : [];
  return async () => {
    await Promise.all(begun);
    await leave();
  };
}
