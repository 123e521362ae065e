import { expect, test } from 'vitest';
import { Idleness } from '../../src/coordinator/idleness.ts';
import { VirtualClock } from '../support/clock.ts';
import { Random } from '../support/random.ts';

/** How long each partition has been silent, counted ms by ms. */
interface Partition { readonly branch: number; readonly partition: number; silentMs: number; idle: boolean }
const LIMITS = [20, null, 35, 300];

/** A plain loop that does the same. */
class Model {
  readonly held = new Set<number>();
  partitions: Partition[] = [];

  heard(branch: number, partition: number): void {
    this.ended(branch, partition);
    if (LIMITS[branch] !== null) this.partitions.push({ branch, partition, silentMs: 0, idle: false });
  }
  ended(branch: number, partition?: number): void {
    this.partitions = this.partitions.filter(one => one.branch !== branch || (partition !== undefined && one.partition !== partition));
  }
  pass(): void {
    for (const one of this.partitions) if (!one.idle && !this.held.has(one.branch)) one.silentMs++;
  }
  beyond({ branch, silentMs }: Partition): number {
    return silentMs - LIMITS[branch]!;
  }
  get due(): Partition[] {
    return this.partitions.filter(one => !one.idle && !this.held.has(one.branch) && this.beyond(one) >= 0).sort((a, b) => this.beyond(b) - this.beyond(a));
  }
}

test('partitions fall idle when they have been silent for as long as their branch says, whatever the others do', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const [clock, model] = [new VirtualClock(), new Model()];
    let woken = false;
    const idleness = new Idleness(clock, LIMITS, () => (woken = true));
    for (let ms = 0; ms < 400; ms++) {
      const [branch, partition, action] = [random.below(LIMITS.length), random.below(3), random.below(60)];
      if (action < 6) {
        idleness.heard(branch, partition);
        model.heard(branch, partition);
      } else if (action === 6) {
        const one = random.chance(0.7) ? partition : undefined;
        idleness.ended(branch, one);
        model.ended(branch, one);
      } else if (action === 7) {
        idleness.hold(branch);
        model.held.add(branch);
      } else if (action < 10) {
        idleness.release(branch);
        model.held.delete(branch);
      }
      clock.advance(1);
      model.pass();
      if (model.due.length > 0) expect(woken, `seed ${seed}, ms ${ms}`).toBe(true);
      const room = random.pick([0, 0, 1, 3]);
      const got = idleness.due(room);
      const named = got.map(lane => model.partitions.find(one => one.branch === lane.branch && one.partition === lane.partition)!);
      // Of those that are silent for equally long any may be first.
      if (woken) expect(named.map(one => model.beyond(one)), `seed ${seed}, ms ${ms}`).toEqual(model.due.slice(0, room).map(one => model.beyond(one)));
      else expect(named.length).toBe(0);
      for (const one of named) one.idle = true;
      woken = model.due.length > 0;
      if (ms % 20 === 0) expect(LIMITS.map((_limit, each) => idleness.idleOf(each))).toEqual(LIMITS.map((_limit, each) => model.partitions.filter(one => one.branch === each && one.idle).length));
    }
    idleness.stop();
    expect(clock.waiting).toBe(0);
  }
});
