/**
 * The kernels that this run of the suite is about: the project `wasm` of vitest.config.ts runs every test, the project `typescript` those of
 * the engine anew, with the twins in the place of WebAssembly. Tests that compare the two take both.
 */
export const KERNELS: 'wasm' | 'typescript' = process.env['MILLRACE_TEST_KERNELS'] === 'typescript' ? 'typescript' : 'wasm';
/** Their name in a test heap. */
export const HEAP_KERNELS: 'wasm' | 'twins' = KERNELS === 'wasm' ? 'wasm' : 'twins';

/** How many random cases to draw: MILLRACE_RUNS, else `usual`, and of the slower twins a quarter. */
export const runsOf = (usual: number): number => Number(process.env['MILLRACE_RUNS'] ?? (KERNELS === 'wasm' ? usual : Math.ceil(usual / 4)));
