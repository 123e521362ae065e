import type { Heap } from '../heap/heap.js';
import { MillraceError } from '../errors.js';
import type { TableArena } from '../state/table-arena.js';
import { SLAB_BYTES } from '../state/table-layout.js';

/** Words (u32) of the map's head, which lies in a cell. */
export const enum MapWord { root, count, places, depth, zeroLow, zeroHigh }
export const MAP_BYTES = 24;
/** At the beginning of a segment, where its first places would be: so a segment is a power of two, and fits a block of the arena. */
const enum SegmentWord { count, depth, words = 4 }
const FIRST_PLACES = 8;
const MOST_SEGMENT_WORDS = 16_384;
const MOST_DEPTH = 31 - Math.clz32(SLAB_BYTES / 4);

/**
 * A map in the arena of a table, from 64-bit hashes to a few words each: open addressing, at most three quarters full. A small one is one
 * segment, which doubles (what it leaves behind is at most as much again); from 64 KiB on it is an extendible index (Fagin et al. 1979)
 * of segments, of which a full one is split by its next hash bit, in place: no growth touches more than one segment.
 *
 * An entry begins with its hash [low, high], which is never 0. The hash 0 is kept by a 64-bit number in the head, which a map of counts
 * uses as its count. What else is in an entry is its owner's: `isSame` compares keys of which the hash is not all.
 */
export class ArenaMap {
  /** Whether `place` had to make the entry it returned. */
  isNew = false;
  private readonly mostPlaces: number;
  /** Places taken by the head of a segment. */
  private readonly reserved: number;

  constructor(
    private readonly heap: Heap,
    private readonly entryWords: number,
    private readonly isSame: ((entry: number) => boolean) | null = null,
  ) {
    this.reserved = Math.ceil(SegmentWord.words / entryWords);
    this.mostPlaces = 1 << (31 - Math.clz32(MOST_SEGMENT_WORDS / entryWords));
  }

  /** Word index of the entry of a hash, made if there is none: then what follows the hash is 0. REQUIRES: low and high are not both 0. `head`: word index. */
  place(arena: TableArena, head: number, low: number, high: number): number {
    const { u32 } = this.heap;
    if (u32[head + MapWord.root] === 0) this.start(arena, head);
    for (;;) {
      const segment = this.segmentOf(head, high);
      const entry = this.probe(segment, u32[head + MapWord.places]!, low, high);
      this.isNew = u32[entry] === 0 && u32[entry + 1] === 0;
      if (!this.isNew) return entry;
      if ((u32[segment + SegmentWord.count]! + 1 + this.reserved) * 4 <= u32[head + MapWord.places]! * 3) {
        u32[segment + SegmentWord.count]!++;
        u32[head + MapWord.count]!++;
        u32[entry] = low;
        u32[entry + 1] = high;
        return entry;
      }
      this.grow(arena, head, segment, high);
    }
  }

  /** Calls `visit` with the word index of every entry. */
  each(head: number, visit: (entry: number) => void): void {
    const { u32 } = this.heap;
    const root = u32[head + MapWord.root]! >>> 2;
    if (root === 0) return;
    const depth = u32[head + MapWord.depth]!;
    for (let chosen = 0; chosen < 1 << depth;) {
      const segment = depth === 0 ? root : u32[root + chosen]! >>> 2;
      this.eachOf(segment, u32[head + MapWord.places]!, visit);
      chosen += 1 << (depth - u32[segment + SegmentWord.depth]!);
    }
  }

  private eachOf(segment: number, places: number, visit: (entry: number) => void): void {
    const { u32 } = this.heap;
    const end = segment + places * this.entryWords;
    for (let entry = segment + this.reserved * this.entryWords; entry < end; entry += this.entryWords) if (u32[entry] !== 0 || u32[entry + 1] !== 0) visit(entry);
  }

  private segmentOf(head: number, high: number): number {
    const { u32 } = this.heap;
    const depth = u32[head + MapWord.depth]!;
    const root = u32[head + MapWord.root]! >>> 2;
    return depth === 0 ? root : u32[root + (high >>> (32 - depth))]! >>> 2;
  }

  /** The entry of a hash, or the free place where it would go. */
  private probe(segment: number, places: number, low: number, high: number): number {
    const { u32 } = this.heap;
    for (let at = low & (places - 1); ; at = (at + 1) & (places - 1)) {
      if (at < this.reserved) at = this.reserved;
      const entry = segment + at * this.entryWords;
      if (u32[entry] === low && u32[entry + 1] === high) {
        if (this.isSame === null || this.isSame(entry)) return entry;
      } else if (u32[entry] === 0 && u32[entry + 1] === 0) return entry;
    }
  }

  private start(arena: TableArena, head: number): void {
    this.heap.u32[head + MapWord.root] = this.segment(arena, FIRST_PLACES, 0) * 4;
    this.heap.u32[head + MapWord.places] = FIRST_PLACES;
  }

  private segment(arena: TableArena, places: number, depth: number): number {
    const words = places * this.entryWords;
    const at = arena.take(words * 4) >>> 2;
    this.heap.u32.fill(0, at, at + words);
    this.heap.u32[at + SegmentWord.depth] = depth;
    return at;
  }

  private grow(arena: TableArena, head: number, segment: number, high: number): void {
    const { u32 } = this.heap;
    const places = u32[head + MapWord.places]!;
    if (places === this.mostPlaces) return this.split(arena, head, segment, high);
    const larger = this.segment(arena, places * 2, 0);
    this.eachOf(segment, places, entry => this.move(entry, larger, places * 2));
    u32[head + MapWord.root] = larger * 4;
    u32[head + MapWord.places] = places * 2;
  }

  /** Gives half of a segment's hashes to a new one. */
  private split(arena: TableArena, head: number, segment: number, high: number): void {
    const { u32 } = this.heap;
    const places = u32[head + MapWord.places]!;
    const depth = u32[segment + SegmentWord.depth]!;
    if (depth === u32[head + MapWord.depth]) this.doubleDirectory(arena, head);
    const fresh = this.segment(arena, places, depth + 1);
    const old = u32.slice(segment, segment + places * this.entryWords);
    u32.fill(0, segment, segment + old.length);
    u32[segment + SegmentWord.depth] = depth + 1;
    for (let entry = this.reserved * this.entryWords; entry < old.length; entry += this.entryWords) {
      if (old[entry] === 0 && old[entry + 1] === 0) continue;
      const home = (old[entry + 1]! << depth) >>> 31 ? fresh : segment;
      u32.set(old.subarray(entry, entry + this.entryWords), this.freePlace(home, places, old[entry]!));
      u32[home + SegmentWord.count]!++;
    }
    const all = u32[head + MapWord.depth]!;
    const shared = 1 << (all - depth);
    const first = (high >>> (32 - all)) & -shared;
    const directory = u32[head + MapWord.root]! >>> 2;
    u32.fill(fresh * 4, directory + first + shared / 2, directory + first + shared);
  }

  private doubleDirectory(arena: TableArena, head: number): void {
    const { u32 } = this.heap;
    const depth = u32[head + MapWord.depth]!;
    if (depth === MOST_DEPTH) throw new MillraceError('STATE_FULL', 'more different values in one group than a group can index');
    const root = u32[head + MapWord.root]!;
    const larger = arena.take(8 << depth) >>> 2;
    for (let chosen = 0; chosen < 1 << depth; chosen++) u32.fill(depth === 0 ? root : u32[(root >>> 2) + chosen]!, larger + chosen * 2, larger + chosen * 2 + 2);
    u32[head + MapWord.root] = larger * 4;
    u32[head + MapWord.depth] = depth + 1;
  }

  private move(entry: number, segment: number, places: number): void {
    const { u32 } = this.heap;
    u32.copyWithin(this.freePlace(segment, places, u32[entry]!), entry, entry + this.entryWords);
    u32[segment + SegmentWord.count]!++;
  }
  private freePlace(segment: number, places: number, low: number): number {
    const { u32 } = this.heap;
    for (let at = low & (places - 1); ; at = (at + 1) & (places - 1)) {
      if (at < this.reserved) at = this.reserved;
      const entry = segment + at * this.entryWords;
      if (u32[entry] === 0 && u32[entry + 1] === 0) return entry;
    }
  }
}
