import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Types are inferred from source to sink, and the checker of a large program must not feel it: 50 pipelines over a schema of 80 columns. */
const root = fileURLToPath(new URL('../../', import.meta.url));
const [COLUMNS, PIPELINES] = [80, 50];
/** How many types the checker may make of others: 108,000 take 0.4 s. Unlike seconds their number does not depend on what else the machine does. */
const MOST_INSTANTIATIONS = 150_000;

const types = ['t.utf8', 't.int64', 't.float64.nullable', 't.timestamp', 't.int32.nullable', 't.dictionary()', 't.decimal(12, 2)', 't.bool'];
const columns = Array.from({ length: COLUMNS }, (_, i) => `c${i}: ${types[i % types.length]}`);
/** Each names other columns, so that nothing is checked once for all. */
const pipeline = (i: number): string => {
  const c = (type: number): string => `c${(i % (COLUMNS / types.length)) * types.length + type}`;
  return `export const result${i} = stream(source, Wide).eventTime('${c(3)}')
  .filter(row => row.${c(1)}.gt(${i}).and(row.${c(7)}))
  .with(row => ({ extra${i}: row.${c(2)}.add(row.${c(4)}), upper${i}: row.${c(0)}.upper() }))
  .groupBy('${c(0)}', row => ({ day${i}: row.${c(3)}.truncate('day') }), 'upper${i}').window(tumbling('1m'))
  .aggregate(row => ({ n: count(), total: sum(row.${c(6)}), most: max(row.extra${i}), mean: mean(row.${c(1)}).where(row.${c(7)}) }));
export const rows${i}: Promise<{ n: bigint; total: string; most: number | null; day${i}: number; upper${i}: string; ${c(0)}: string }[]> = result${i}.collect();`;
};
const program = (pipelines: number): string => `import { count, max, mean, schema, type Source, stream, sum, t, tumbling } from 'millrace';
declare const source: Source;
export const Wide = schema({ ${columns.join(', ')} });
${Array.from({ length: pipelines }, (_, i) => pipeline(i)).join('\n')}\n`;

async function check(text: string): Promise<{ instantiations: number; seconds: number; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'));
  try {
    writeFileSync(join(folder, 'program.ts'), text);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { target: 'es2023', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true, types: [], paths: { millrace: [join(root, 'dist/src/index.d.ts')] } },
      files: ['program.ts'],
    }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const output = await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--extendedDiagnostics'], { cwd: folder }).then(({ stdout }) => stdout, (error: { stdout: string }) => error.stdout);
    const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+([\\d.]+)s?$`, 'm').exec(output)?.[1] ?? Number.NaN);
    return { output, instantiations: figure('Instantiations'), seconds: figure('Check time') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test(`${PIPELINES} pipelines over ${COLUMNS} columns type-check in well under a second`, { timeout: 60_000 }, async () => {
  const wrong = await check(program(1).replace('total: string', 'total: number'));
  expect(wrong.output, 'the types are looked at').toMatch(/error TS2322/);
  const { instantiations, seconds, output } = await check(program(PIPELINES));
  console.log(`${instantiations} instantiations, ${seconds} s`);
  expect(output).not.toMatch(/error TS/);
  expect(instantiations).toBeLessThan(MOST_INSTANTIATIONS);
});
