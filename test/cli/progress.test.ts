import { describe, expect, test } from 'vitest';
import { ProgressLine, type TerminalStream } from '../../src/cli/progress-line.ts';
import { PaceMeter } from '../../src/cli/pace-meter.ts';
import { fractionDone, progressText } from '../../src/cli/progress-text.ts';
import { jobStats, sourceStats } from './support/stats.ts';

const noPace = { rowsPerMs: null, fractionPerMs: null };
const part = (done: number, total: number | null, unit: 'rows' | 'bytes' = 'rows') => sourceStats({ read: done, progress: { done, total, unit } });

describe('the part of the input that is done', () => {
  test('sums sources of one unit', () => expect(fractionDone([part(1, 10), part(9, 10)])).toBe(0.5));
  test('weighs sources of different units alike', () => expect(fractionDone([part(5, 10), part(1000, 1000, 'bytes')])).toBe(0.75));
  test('is unknown if one source does not know', () => {
    expect(fractionDone([part(5, 10), sourceStats()])).toBeNull();
    expect(fractionDone([part(5, null)])).toBeNull();
  });
  test('is all of an empty input, and never more than all', () => {
    expect(fractionDone([part(0, 0)])).toBe(1);
    expect(fractionDone([part(12, 10)])).toBe(1);
  });
});

describe('the progress line', () => {
  test('shows bar, rows of all sources, speed and what remains', () => {
    const stats = jobStats({ sources: [part(250_000, 1_000_000), part(250_000, 1_000_000)], elapsedMs: 1000 });
    expect(progressText(stats, { rowsPerMs: 500, fractionPerMs: 0.00025 }, 100))
      .toBe(' 25 % [======>                 ]  500 k rows  500 k rows/s  ETA 3.00 s');
  });
  test('shows lag and time where the length is unknown', () => {
    const stats = jobStats({ sources: [sourceStats({ read: 12 })], elapsedMs: 2000, watermarkLagMs: 1200 });
    expect(progressText(stats, { rowsPerMs: 0.006, fractionPerMs: null }, 80)).toBe('12 rows  6 rows/s  lag 1.20 s  2.00 s');
  });
  test('fits any width: the bar shrinks, then goes, then facts from the right', () => {
    const stats = jobStats({ sources: [part(999, 1000)] });
    for (let columns = 1; columns < 120; columns++) expect(progressText(stats, noPace, columns).length).toBeLessThan(columns);
    expect(progressText(stats, noPace, 60)).toContain('[');
    expect(progressText(stats, noPace, 30)).toBe(' 99 %  999 rows  - rows/s  ET');
  });
});

describe('pace', () => {
  test('is that of the last seconds', () => {
    const meter = new PaceMeter();
    expect(meter.add(jobStats({ elapsedMs: 0 }))).toEqual(noPace);
    for (let second = 1; second <= 10; second++) meter.add(jobStats({ elapsedMs: second * 1000, sources: [part(second * 1000, 1e6)] }));
    const pace = meter.add(jobStats({ elapsedMs: 11_000, sources: [part(40_000, 1e6)] }));
    expect(pace.rowsPerMs).toBeCloseTo(32_000 / 3000);
    expect(pace.fractionPerMs).toBeCloseTo(0.032 / 3000);
  });
});

describe('drawing', () => {
  const terminal = (isTTY: boolean) => {
    const written: string[] = [];
    const stream: TerminalStream = { isTTY, columns: 80, write: text => written.push(text) > 0 };
    return { written, stream };
  };
  test('happens at most ten times a second', () => {
    const { written, stream } = terminal(true);
    let nowMs = 0;
    const line = new ProgressLine(stream, () => nowMs);
    for (; nowMs < 1000; nowMs += 5) line.update(jobStats({ elapsedMs: nowMs }));
    expect(written).toHaveLength(10);
  });
  test('never happens on anything but a terminal', () => {
    const { written, stream } = terminal(false);
    const line = new ProgressLine(stream);
    line.update(jobStats());
    line.clear();
    expect(written).toEqual([]);
  });
  test('waits while another line is unfinished, and clears once', () => {
    const { written, stream } = terminal(true);
    let nowMs = 0;
    const line = new ProgressLine(stream, () => nowMs);
    line.hold(true);
    line.update(jobStats());
    expect(written).toEqual([]);
    line.hold(false);
    nowMs = 200;
    line.update(jobStats());
    line.clear();
    line.clear();
    expect(written).toHaveLength(2);
    expect(written[1]).toBe('\r\u001b[2K');
  });
});
