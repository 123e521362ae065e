import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../src/errors.ts';
import { codeOf, errorLine, errorText } from '../../src/cli/report-error.ts';
import { failureExitCode, signalExitCode } from '../../src/cli/exit-codes.ts';
import { statsJson, summaryText } from '../../src/cli/summary.ts';
import { jobStats, sourceStats } from './support/stats.ts';

const terse = { verbose: false, jobUrl: null };

describe('an error', () => {
  test('is one line with its code, then causes and a hint', () => {
    const error = new MillraceError('STATE_FULL', 'window state\nfills 1.00 GiB', { cause: new Error('no slab') });
    expect(errorText(error, terse)).toMatch(/^STATE_FULL: window state fills 1\.00 GiB\n {2}because of Error: no slab\n {2}hint: give a larger --heap.*\n$/);
  });
  test('does not repeat a cause that its message quotes', () => {
    expect(errorText(new MillraceError('SINK_FAILED', 'disk full', { cause: new Error('disk full') }), terse)).toBe('SINK_FAILED: disk full\n');
  });
  test('shows its stack only on request', () => {
    const error = new MillraceError('SINK_FAILED', 'disk full');
    expect(errorText(error, terse)).not.toContain('report.test');
    expect(errorText(error, { ...terse, verbose: true })).toContain('report.test');
  });
  test('need not be an error at all', () => {
    expect(errorLine('boom')).toBe('Error: boom');
    expect(errorLine(null)).toBe('Error: null');
    expect(codeOf(undefined)).toBeNull();
  });
  test('ends though its causes form a cycle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(errorText(error, terse)).toBe('Error: a\n');
  });
});

test('exit codes', () => {
  expect(['PLAN_INVALID', 'BAD_OPTION', 'SINK_FAILED', 'WORKER_EXITED', null].map(failureExitCode)).toEqual([2, 2, 1, 1, 1]);
  expect([signalExitCode('SIGINT'), signalExitCode('SIGTERM')]).toEqual([130, 143]);
});

test('the summary has a ledger per source', () => {
  const sources = [
    sourceStats({ name: 'jsonl(ads.jsonl)', read: 1_234_567, filtered: 1, applied: 1_234_500, late: 60, deadLettered: 6 }),
    sourceStats({ name: 'rows', read: 5, applied: 5 }),
  ];
  expect(summaryText(jobStats({ state: 'finished', sources, emitted: 12, elapsedMs: 2000, peakStateBytes: 3 * 2 ** 20, partitioner: 'hash', workers: 1 }))).toBe([
    'finished in 2.00 s: 1,234,572 rows read (617 k rows/s), 12 result rows emitted',
    '  source                 read  filtered    applied  late  dead-lettered',
    '  jsonl(ads.jsonl)  1,234,567         1  1,234,500    60              6',
    '  rows                      5         0          5     0              0',
    '  1 worker, 3.00 MiB of window state at the peak, partitioner hash',
    '',
  ].join('\n'));
});

test('rows of a source that is used twice were read once', () => {
  const sources = [sourceStats({ name: 'ads #1', read: 1000, applied: 1000 }), sourceStats({ name: 'ads #2', again: true, read: 1000, filtered: 1000 })];
  expect(summaryText(jobStats({ state: 'finished', sources }))).toContain(': 1,000 rows read');
});

test('the summary tells what went to each sink, where there are several', () => {
  const outputs = [{ name: 'jsonl(a.jsonl)', emitted: 1000, delivery: null }, { name: 'jsonl(b.jsonl)', emitted: 0, delivery: null }];
  const text = (some: typeof outputs): string => summaryText(jobStats({ state: 'finished', emitted: 1000, outputs: some }));
  expect(text(outputs)).toContain('1,000 result rows emitted\n  1,000 to jsonl(a.jsonl)\n  0 to jsonl(b.jsonl)\n  source');
  expect(text(outputs.slice(0, 1))).not.toContain('jsonl(a.jsonl)');
});

test('stats as JSON keep watermarks exact', () => {
  const line = statsJson(jobStats({ sources: [sourceStats({ watermark: 2n ** 63n - 1n })] }), null);
  expect(line.split('\n')).toHaveLength(2);
  expect(JSON.parse(line)).toMatchObject({ state: 'running', error: null, sources: [{ watermark: '9223372036854775807' }] });
});
