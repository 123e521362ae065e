import { DictionaryWord } from '../batch/layout.js';
import type { Vector } from '../expression/vector.js';
import type { Tools } from './assign.js';
import type { CalendarWindow } from './assigner.js';
import { CalendarSlices } from './calendar.js';
import { LEAST_TIME, type SliceAssigner } from './slice.js';
import { Zone } from './zone.js';

/** The zones of a chunk's elements. */
export interface RowZones {
  /** Address of a number (u32) per element: index in `assigners`. */
  readonly numbers: number;
  /** null, at 0: of no zone. Grows from chunk to chunk, and keeps what it has. */
  readonly assigners: readonly (SliceAssigner | null)[];
  /** Some element has no zone, or one that nobody knows. */
  readonly someUnknown: boolean;
}
const UNKNOWN = 0;
/** Names in their spellings. Beyond, the column holds no zones, or somebody plays with upper and lower case. */
const MOST_NAMES = 4096;
const CACHE_SLOTS = 1024;
/** Any number: it only spreads names over the cache. */
const SEED = 0x5eedn;

/** The zones of a calendar window whose zone is a column: text by codes or by bytes. One per thread and operator. */
export class ZoneColumn {
  private readonly assigners: (SliceAssigner | null)[] = [null];
  private readonly byZone = new Map<Zone, number>();
  private readonly byName = new Map<string, number>();
  /** Number per code of one dictionary, the latest; -1 where the code has not been seen. */
  private codes: Int32Array = new Int32Array(0);
  private dictionary = -1;
  /** By the hash of a name: its bytes and number. */
  private readonly cache: ({ readonly bytes: Uint8Array; readonly number: number } | undefined)[] = new Array(CACHE_SLOTS);

  constructor(private readonly tools: Tools, private readonly window: CalendarWindow) {}

  /** Numbers the zones of all elements of a vector of class `code` or `bytes`. */
  read(vector: Vector, elements: number): RowZones {
    const { heap, scratch } = this.tools;
    const numbers = scratch.take(elements * 4);
    const numberOf = vector.cls === 'code' ? this.numberOfCodes(vector) : this.numberOfBytes(vector, elements);
    let someUnknown = false;
    for (let element = 0; element < elements; element++) {
      const number = vector.valid !== 0 && heap.u8[vector.valid + element] === 0 ? UNKNOWN : numberOf(element);
      heap.u32[(numbers >>> 2) + element] = number;
      someUnknown ||= number === UNKNOWN;
    }
    return { numbers, assigners: this.assigners, someUnknown };
  }

  private numberOfCodes({ data, dictionary }: Vector): (element: number) => number {
    const { heap } = this.tools;
    const word = dictionary >>> 2;
    const [count, offsets, bytes, id] = [DictionaryWord.count, DictionaryWord.offsets, DictionaryWord.bytes, DictionaryWord.id].map(at => heap.u32[word + at]!) as [number, number, number, number];
    if (this.dictionary !== id || this.codes.length < count) {
      const known = this.dictionary === id ? this.codes : new Int32Array(0);
      this.codes = new Int32Array(count).fill(-1);
      this.codes.set(known);
      this.dictionary = id;
    }
    const { codes } = this;
    return element => {
      const code = heap.i32[(data >>> 2) + element]!;
      if (codes[code]! < 0) {
        const from = heap.i32[(offsets >>> 2) + code]!;
        codes[code] = this.numberOf(heap.u8.slice(bytes + from, bytes + heap.i32[(offsets >>> 2) + code + 1]!));
      }
      return codes[code]!;
    };
  }

  private numberOfBytes({ data }: Vector, elements: number): (element: number) => number {
    const { heap, kernels, scratch } = this.tools;
    const hashes = scratch.take(elements * 4);
    kernels.hashBytes(elements, data, SEED, hashes);
    return element => {
      const address = heap.u32[(data >>> 2) + element * 2]!, length = heap.u32[(data >>> 2) + element * 2 + 1]!;
      const slot = heap.u32[(hashes >>> 2) + element]! % CACHE_SLOTS;
      const known = this.cache[slot];
      if (known && isAt(heap.u8, address, length, known.bytes)) return known.number;
      const bytes = heap.u8.slice(address, address + length);
      const number = this.numberOf(bytes);
      this.cache[slot] = { bytes, number };
      return number;
    };
  }

  private numberOf(bytes: Uint8Array): number {
    // No name is longer; and latin1 keeps all bytes apart.
    if (bytes.length > 64) return UNKNOWN;
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    if (this.byName.size >= MOST_NAMES) this.byName.clear();
    const zone = Zone.named(name);
    const number = zone === null ? UNKNOWN : this.numberOfZone(zone);
    this.byName.set(name, number);
    return number;
  }

  private numberOfZone(zone: Zone): number {
    const known = this.byZone.get(zone);
    if (known !== undefined) return known;
    const number = this.assigners.push(new CalendarSlices(zone, this.window.every, this.window.unit)) - 1;
    this.byZone.set(zone, number);
    return number;
  }
}

function isAt(u8: Uint8Array, address: number, length: number, bytes: Uint8Array): boolean {
  if (bytes.length !== length) return false;
  for (let index = 0; index < length; index++) if (u8[address + index] !== bytes[index]) return false;
  return true;
}

/** No row whose time is at least this is late, whatever its zone: a bound for candidates. */
export function lateBelow({ assigners }: RowZones, watermark: bigint): bigint {
  let bound = LEAST_TIME;
  for (const assigner of assigners) {
    const own = assigner?.lateBelow(watermark) ?? LEAST_TIME;
    if (own > bound) bound = own;
  }
  return bound;
}
