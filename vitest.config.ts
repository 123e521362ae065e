import { defineConfig } from 'vitest/config';

/** Whole jobs drawn at random or given as files, and what a job is made of: once more with the kernels' twins (see test/support/kernels.ts). */
const ENGINE_TESTS = ['test/{properties,worker,aggregate}/**/*.test.ts', 'test/pipelines.test.ts'];

export default defineConfig({
  test: {
    setupFiles: ['test/support/seed.ts'],
    testTimeout: 60_000,
    // To end servers that the tests have started.
    teardownTimeout: 60_000,
    // Two files at a time: a job keeps two cores busy only while it has rows, and most of a test is not that.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'wasm', include: ['test/**/*.test.ts'],
          globalSetup: ['test/services/vitest.mjs'],
          // `npm test` has them checked before, with all other tests: tsc -p test.
          typecheck: { enabled: false },
        },
      },
      {
        extends: true,
        test: {
          name: 'typescript', include: ENGINE_TESTS,
          // Which rows are read again is not for kernels to tell; of the others the simulations in test/worker have jobs with the same kernels.
          exclude: ['test/properties/{resume,joins,keyed-windows,optimiser,graphs,dedupe}.test.ts'],
          env: { MILLRACE_TEST_KERNELS: 'typescript' },
        },
      },
    ],
  },
});
