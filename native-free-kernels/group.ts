import type { HeapViews } from './heap-views.js';

/** Group tables: header layout in src/state/table-layout.ts. */
export interface GroupKernels {
  /**
   * Finds or makes the cell of each 8-byte key and writes its address to slots[i] (u32). Row i is element positions[i], or i. Returns
   * how many rows were done: fewer than `rows` where the table must grow first.
   */
  upsertWords(table: number, regionBits: number, from: number, rows: number, positions: number, hashes: number, keys: number, valid: number, slots: number, template: number): number;
  /** As `upsertWords`, for byte-string keys given as (u32 address, u32 length) views: a new cell keeps a view of its own copy in the table's arena. */
  upsertBytes(table: number, regionBits: number, from: number, rows: number, positions: number, hashes: number, views: number, valid: number, slots: number, template: number): number;
  /** Writes the cell of each key to slots[i] (u32), or 0 where the table has none. Returns how many it has. */
  findWords(table: number, regionBits: number, rows: number, hashes: number, keys: number, slots: number): number;
  /** As `findWords`, for byte-string keys. */
  findBytes(table: number, regionBits: number, rows: number, hashes: number, views: number, slots: number): number;
  /** Copies cells side by side from `out` on; addresses[i] = where the i-th is. */
  copyCells(rows: number, cells: number, cellBytes: number, out: number, addresses: number): void;
  /** Reads a word of each cache line, so that the lines are in the cache. Returns the words' sum (u32). */
  touchLines(from: number, bytes: number): number;
  /** Copies the index entries whose hash has `bit` set (all where `bit` is 0) from a partition of `buckets` buckets to another, which has room. Returns how many. */
  moveEntries(from: number, buckets: number, bit: number, to: number, toMask: number): number;
  /** Copies the entries whose hash has `value` in its top `bits` bits, as hashes[] and cells[] (u32). Returns how many. */
  collectEntries(from: number, buckets: number, bits: number, value: number, hashes: number, cells: number): number;
  /** slots[i] = address of the dense cell of codes[element]; chunks of 2^shift cells lie at the addresses in `directory`; cell 0 is that of null, code c has cell c + 1. */
  denseSlots(rows: number, positions: number, codes: number, valid: number, directory: number, shift: number, cellBytes: number, slots: number): void;
  /** As `denseSlots` over all elements, where the one chunk at `base` has every cell. May read and write up to 12 bytes past the ends. */
  denseSlotsFlat(rows: number, codes: number, valid: number, base: number, cellBytes: number, slots: number): void;
  /** numbers[i] = which cell it is among those of 8 bytes that lie from `first` on. May read and write up to 12 bytes past the ends. */
  numberCells(rows: number, cells: number, first: number, numbers: number): void;
  /** Cells whose first word is a number get the key of that number instead; hashes[i] = its hash. `keys`: 8 bytes each; `hashOf`: u32. */
  nameCells(rows: number, cells: number, keys: number, hashOf: number, hashes: number): void;
  /** Sets the first word of the cells at slots[i] to 1. */
  markCells(rows: number, slots: number): void;
  /** Writes `cells` copies of `template` to `to`. */
  fillCells(to: number, cells: number, template: number, cellBytes: number): void;
  /**
   * Lists the addresses of the cells of a dense run whose word at `markOffset` is not 0, and writes their codes into their first words:
   * firstCode for the first cell of the run, and so on. Returns how many.
   */
  touchedCells(from: number, cells: number, cellBytes: number, markOffset: number, firstCode: number, out: number): number;
}

/** The top `bits` bits of a 32-bit hash; 0 for no bits (a shift by 32 would be one by 0). */
export const topBits = (hash: number, bits: number): number => (bits === 0 ? 0 : hash >>> (32 - bits));

export const groupTwins = (heap: HeapViews): GroupKernels => {
  const { u8, u32, u64 } = heap;
  const newCell = (table: number, template: number): number => {
    const cell = u32[table + 4]!;
    const bytes = u32[table + 1]!;
    if (cell + bytes > u32[table + 5]!) return 0;
    u32[table + 4] = cell + bytes;
    u32[table + 2]!++;
    u8.copyWithin(cell, template, template + bytes);
    return cell;
  };
  const nullCell = (table: number, template: number): number => (u32[table + 3] ||= newCell(table, template));
  const sameBytes = (a: number, b: number, length: number): boolean => {
    for (let at = 0; at < length; at++) if (u8[a + at] !== u8[b + at]) return false;
    return true;
  };
  const firstEmpty = (bucket: number): number => u32.subarray(bucket + 8, bucket + 16).indexOf(0);
  const sameKey = (cell: number, key: number, bytes: boolean): boolean =>
    bytes ? u32[(cell >>> 2) + 1] === u32[(key >>> 2) + 1] && sameBytes(u32[cell >>> 2]!, u32[key >>> 2]!, u32[(key >>> 2) + 1]!) : u64[cell >>> 3] === u64[key >>> 3];
  /** The cell of one key, 0 where there is none, and then the empty entry that ends the search. `bytes` tells the kind of the key. */
  const search = (table: number, regionBits: number, hash: number, key: number, bytes: boolean): { cell: number; partition: number; entry: number } => {
    const chosen = topBits((hash << regionBits) >>> 0, u32[table + 7]!);
    const partition = (u32[table + 8]! >>> 2) + (u32[(u32[table + 6]! >>> 2) + chosen]! << 3);
    const mask = u32[partition + 1]!;
    for (let at = (hash & mask) >>> 0; ; at = (at + 1) & mask) {
      const bucket = (u32[partition]! >>> 2) + at * 16;
      for (let place = 0; place < 8; place++) {
        const cell = u32[bucket + 8 + place]!;
        if (cell !== 0 && u32[bucket + place] === hash && sameKey(cell, key, bytes)) return { cell, partition, entry: 0 };
      }
      const empty = firstEmpty(bucket);
      if (empty >= 0) return { cell: 0, partition, entry: bucket + empty };
    }
  };
  /** The cell of one key, found or made; 0 where the table must grow. */
  const settle = (table: number, regionBits: number, hash: number, key: number, template: number, bytes: boolean): number => {
    const { cell, partition, entry } = search(table, regionBits, hash, key, bytes);
    return cell || insert(table, partition, entry, hash, key, template, bytes);
  };
  const insert = (table: number, partition: number, entry: number, hash: number, key: number, template: number, bytes: boolean): number => {
    const copy = u32[table + 9]!;
    const length = bytes ? u32[(key >>> 2) + 1]! : 0;
    const copyEnd = copy + ((length + 7) & ~7);
    if (u32[partition + 2]! >= u32[partition + 3]! || (bytes && copyEnd > u32[table + 10]!)) return 0;
    const cell = newCell(table, template);
    if (cell === 0) return 0;
    if (bytes) {
      u8.copyWithin(copy, u32[key >>> 2]!, u32[key >>> 2]! + length);
      u32[table + 9] = copyEnd;
      u32[cell >>> 2] = copy;
      u32[(cell >>> 2) + 1] = length;
    } else u64[cell >>> 3] = u64[key >>> 3]!;
    u32[entry] = hash;
    u32[entry + 8] = cell;
    u32[partition + 2]!++;
    return cell;
  };
  const entriesOf = function* (from: number, buckets: number): Generator<[hash: number, cell: number]> {
    for (let bucket = from >>> 2; bucket < (from >>> 2) + buckets * 16; bucket += 16) {
      for (let place = 0; place < 8; place++) if (u32[bucket + 8 + place] !== 0) yield [u32[bucket + place]!, u32[bucket + 8 + place]!];
    }
  };
  const upsert = (bytes: boolean): GroupKernels['upsertWords'] => (tableAddress, regionBits, from, rows, positions, hashes, keys, valid, slots, template) => {
    const table = tableAddress >>> 2;
    for (let row = from; row < rows; row++) {
      const element = positions ? u32[(positions >>> 2) + row]! : row;
      const cell = valid && !u8[valid + element]
        ? nullCell(table, template)
        : settle(table, regionBits, u32[(hashes >>> 2) + element]!, keys + element * 8, template, bytes);
      if (cell === 0) return row;
      u32[(slots >>> 2) + row] = cell;
    }
    return rows;
  };
  const find = (bytes: boolean): GroupKernels['findWords'] => (tableAddress, regionBits, rows, hashes, keys, slots) => {
    const table = tableAddress >>> 2;
    let found = 0;
    for (let row = 0; row < rows; row++) {
      const { cell } = search(table, regionBits, u32[(hashes >>> 2) + row]!, keys + row * 8, bytes);
      u32[(slots >>> 2) + row] = cell;
      if (cell) found++;
    }
    return found;
  };
  return {
    upsertWords: upsert(false),
    upsertBytes: upsert(true),
    findWords: find(false),
    findBytes: find(true),
    copyCells(rows, cells, cellBytes, out, addresses) {
      for (let row = 0; row < rows; row++) {
        const cell = u32[(cells >>> 2) + row]!;
        u8.copyWithin(out + row * cellBytes, cell, cell + cellBytes);
        u32[(addresses >>> 2) + row] = out + row * cellBytes;
      }
    },
    touchLines(from, bytes) {
      let sum = 0;
      for (let at = from; at < from + bytes; at += 64) sum = (sum + u32[at >>> 2]!) | 0;
      return sum;
    },
    moveEntries(from, buckets, bit, to, toMask) {
      let moved = 0;
      for (const [hash, cell] of entriesOf(from, buckets)) {
        if ((hash & bit) !== (bit | 0)) continue;
        let at = (hash & toMask) >>> 0;
        while (firstEmpty((to >>> 2) + at * 16) < 0) at = (at + 1) & toMask;
        const entry = (to >>> 2) + at * 16 + firstEmpty((to >>> 2) + at * 16);
        u32[entry] = hash;
        u32[entry + 8] = cell;
        moved++;
      }
      return moved;
    },
    collectEntries(from, buckets, bits, value, hashes, cells) {
      let found = 0;
      for (const [hash, cell] of entriesOf(from, buckets)) {
        if (topBits(hash, bits) !== value) continue;
        u32[(hashes >>> 2) + found] = hash;
        u32[(cells >>> 2) + found++] = cell;
      }
      return found;
    },
    denseSlots(rows, positions, codes, valid, directory, shift, cellBytes, slots) {
      const mask = (1 << shift) - 1;
      for (let row = 0; row < rows; row++) {
        const element = positions ? u32[(positions >>> 2) + row]! : row;
        const at = valid && !u8[valid + element] ? 0 : u32[(codes >>> 2) + element]! + 1;
        u32[(slots >>> 2) + row] = u32[(directory >>> 2) + (at >>> shift)]! + (at & mask) * cellBytes;
      }
    },
    denseSlotsFlat(rows, codes, valid, base, cellBytes, slots) {
      for (let row = 0; row < rows; row++) {
        const at = valid && !u8[valid + row] ? 0 : u32[(codes >>> 2) + row]! + 1;
        u32[(slots >>> 2) + row] = base + at * cellBytes;
      }
    },
    fillCells(to, cells, template, cellBytes) {
      for (let cell = 0; cell < cells; cell++) u8.copyWithin(to + cell * cellBytes, template, template + cellBytes);
    },
    numberCells(rows, cells, first, numbers) {
      for (let row = 0; row < rows; row++) u32[(numbers >>> 2) + row] = (u32[(cells >>> 2) + row]! - first) >>> 3;
    },
    nameCells(rows, cells, keys, hashOf, hashes) {
      for (let row = 0; row < rows; row++) {
        const cell = u32[(cells >>> 2) + row]!;
        const number = u32[cell >>> 2]!;
        u64[cell >>> 3] = u64[(keys >>> 3) + number]!;
        u32[(hashes >>> 2) + row] = u32[(hashOf >>> 2) + number]!;
      }
    },
    markCells(rows, slots) {
      for (let row = 0; row < rows; row++) u64[u32[(slots >>> 2) + row]! >>> 3] = 1n;
    },
    touchedCells(from, cells, cellBytes, markOffset, firstCode, out) {
      let found = 0;
      for (let cell = 0; cell < cells; cell++) {
        const address = from + cell * cellBytes;
        if (u64[(address + markOffset) >>> 3] === 0n) continue;
        heap.i64[address >>> 3] = BigInt(firstCode + cell);
        u32[(out >>> 2) + found++] = address;
      }
      return found;
    },
  };
};
