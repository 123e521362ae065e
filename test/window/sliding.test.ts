import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sliceAssigner } from '../../src/window/assigner.ts';
import { RunningSlices } from '../../src/window/running.ts';
import type { SliceAssigner, Span } from '../../src/window/slice.ts';
import { TwoStacks } from '../../src/window/two-stacks.ts';
import { alignedWindow } from './support.ts';

/** The state of a slice: the values of its rows. Merging joins them; taking away needs all of them to be there. */
type State = number[];
const sorted = (state: State): State => [...state].sort((a, b) => a - b);

class Running {
  private readonly slices = new RunningSlices();
  private state: State = [];
  merges = 0;
  constructor(private readonly states: ReadonlyMap<bigint, State>) {}

  fire(parts: readonly Span[]): State {
    const { restart, remove, add } = this.slices.moveTo(parts);
    if (restart) this.state = [];
    for (const slice of remove) this.takeAway(slice);
    for (const slice of add) this.state = this.state.concat(this.states.get(slice.start)!);
    this.merges += remove.length + add.length;
    return this.state;
  }
  change(slice: Span, value: number): void {
    if (this.slices.includes(slice)) this.state = [...this.state, value];
  }
  free(slices: readonly Span[]): void {
    for (const slice of this.slices.release(slices)) this.takeAway(slice);
  }
  private takeAway(slice: Span): void {
    const state = [...this.state];
    for (const value of this.states.get(slice.start)!) {
      expect(state).toContain(value);
      state.splice(state.indexOf(value), 1);
    }
    this.state = state;
  }
}

class Stacks {
  private readonly stacks = new TwoStacks();
  private readonly fronts = new Map<bigint, State>();
  private back: State = [];
  merges = 0;
  constructor(private readonly states: ReadonlyMap<bigint, State>) {}

  fire(parts: readonly Span[]): State {
    const { drop, build, push, front, back } = this.stacks.moveTo(parts);
    for (const slice of drop) expect(this.fronts.delete(slice.start)).toBe(true);
    if (build !== null) this.back = [];
    let behind: State = [];
    for (const slice of build ?? []) this.fronts.set(slice.start, behind = [...this.states.get(slice.start)!, ...behind]);
    for (const slice of push) this.back.push(...this.states.get(slice.start)!);
    this.merges += (build?.length ?? 0) + push.length + Number(back && front !== null);
    return [...(front === null ? [] : this.fronts.get(front.start)!), ...(back ? this.back : [])];
  }
  change(slice: Span, value: number): void {
    const { fronts, back } = this.stacks.holdersOf(slice);
    for (const { start } of fronts) this.fronts.get(start)!.push(value);
    if (back) this.back.push(value);
  }
  free(): void {}
  /** Front aggregates that are held. */
  get held(): number { return this.fronts.size; }
}

/** A job in small: rows fall into slices, the watermark moves on, windows fire, slices are freed when their last window has fired. */
class Job {
  readonly states = new Map<bigint, State>();
  readonly present: Span[] = [];
  readonly runners = { running: new Running(this.states), stacks: new Stacks(this.states) };
  private watermark: bigint | null = null;
  fired = 0;
  constructor(readonly assigner: SliceAssigner) {}

  add(time: bigint, value: number): void {
    const slice = this.assigner.sliceOf(time)!;
    if (this.watermark !== null && this.assigner.lastWindowEnd(slice) <= this.watermark) return;
    const state = this.states.get(slice.start);
    if (!state) {
      this.states.set(slice.start, [value]);
      this.present.push(slice);
      return;
    }
    for (const runner of Object.values(this.runners)) runner.change(slice, value);
    state.push(value);
  }
  moveTo(watermark: bigint): void {
    if (this.watermark !== null && watermark <= this.watermark) return;
    for (const window of this.assigner.windowsEndingIn(this.watermark, watermark, this.present)) this.fire(window);
    this.watermark = watermark;
    const over = this.present.filter(slice => this.assigner.lastWindowEnd(slice) <= watermark);
    for (const runner of Object.values(this.runners)) runner.free(over);
    for (const slice of over) {
      this.states.delete(slice.start);
      this.present.splice(this.present.indexOf(slice), 1);
    }
  }
  fire(window: Span): void {
    const parts = this.assigner.slicesOf(window, this.present);
    const naive = parts.flatMap(slice => this.states.get(slice.start)!);
    for (const [name, runner] of Object.entries(this.runners)) expect(sorted(runner.fire(parts)), name).toEqual(sorted(naive));
    this.fired++;
  }
}

type Act = { readonly kind: 'row'; readonly time: number } | { readonly kind: 'watermark'; readonly time: number } | { readonly kind: 'again'; readonly pick: number };
const acts: fc.Arbitrary<Act[]> = fc.array(fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('row' as const), time: fc.integer({ min: -60, max: 30 }) }), weight: 5 },
  { arbitrary: fc.record({ kind: fc.constant('watermark' as const), time: fc.integer({ min: 0, max: 40 }) }), weight: 2 },
  // A gap in the stream.
  fc.record({ kind: fc.constant('watermark' as const), time: fc.integer({ min: 0, max: 500 }) }),
  // A window that has fired is fired again, for late rows.
  fc.record({ kind: fc.constant('again' as const), pick: fc.nat() }),
), { maxLength: 60 });

describe('windows out of slices', () => {
  test('are what adding up all slices gives, through gaps, late rows and windows fired again', () => {
    fc.assert(fc.property(alignedWindow, acts, (window, acts) => {
      const job = new Job(sliceAssigner(window)!);
      let now = 0;
      acts.forEach((act, value) => {
        if (act.kind === 'row') job.add(BigInt(now + act.time), value);
        else if (act.kind === 'watermark') job.moveTo(BigInt(now += act.time));
        else if (job.present.length > 0) {
          const windows = job.assigner.windowsOf(job.present[act.pick % job.present.length]!);
          job.fire(windows[act.pick % windows.length]!);
        }
      });
    }), { numRuns: 1000 });
  });

  test('cost few merges a window, however long it is', () => {
    for (const [size, slide] of [[10_000, 100], [10_050, 100], [7_777, 250]] as const) {
      const job = new Job(sliceAssigner({ kind: 'sliding', size, slide, offset: 0, unit: 'ms' })!);
      for (let time = 0; time < 40_000; time += 50) {
        job.add(BigInt(time), time);
        if (time % 1000 === 0) job.moveTo(BigInt(time - 50));
      }
      const slices = (40_000 / slide) * (size % slide === 0 ? 1 : 2);
      expect(job.fired).toBeGreaterThan(40_000 / slide - 20);
      expect(job.runners.running.merges).toBeLessThan(2 * slices + 50);
      expect(job.runners.stacks.merges).toBeLessThan(2 * slices + job.fired + 50);
      expect(job.runners.stacks.held).toBeLessThanOrEqual(2 * Math.ceil(size / slide));
    }
  });
});
