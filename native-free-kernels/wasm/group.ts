import { copyText, sameBytes } from './bytes';
import { CELL_BYTES, CELL_COUNT, NULL_CELL, NEXT_CELL, CHUNK_END, DIRECTORY, DEPTH, PARTITIONS, ARENA_NEXT, ARENA_END, PARTITION_SHIFT } from './table';

/** The index partition that a hash belongs to: the bits below the region's bits choose it. */
// @ts-ignore: decorator
@inline
function partitionOf(table: usize, regionBits: u32, hash: u32): usize {
  const chosen = <usize>(<u64>(hash << regionBits) >> <u64>(32 - load<u32>(table, DEPTH)));
  return <usize>load<u32>(table, PARTITIONS) + (<usize>load<u32>(<usize>load<u32>(table, DIRECTORY) + (chosen << 2)) << PARTITION_SHIFT);
}

/** A new cell, a copy of `template`, or 0 where the table's last chunk is full. */
// @ts-ignore: decorator
@inline
function newCell(table: usize, template: usize): usize {
  const cell = <usize>load<u32>(table, NEXT_CELL);
  const bytes = <usize>load<u32>(table, CELL_BYTES);
  if (cell + bytes > <usize>load<u32>(table, CHUNK_END)) return 0;
  store<u32>(table, <u32>(cell + bytes), NEXT_CELL);
  store<u32>(table, load<u32>(table, CELL_COUNT) + 1, CELL_COUNT);
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(cell + at, load<u64>(template + at));
  return cell;
}

// @ts-ignore: decorator
@inline
function nullCell(table: usize, template: usize): usize {
  const known = <usize>load<u32>(table, NULL_CELL);
  if (known) return known;
  const cell = newCell(table, template);
  store<u32>(table, <u32>cell, NULL_CELL);
  return cell;
}

/** Rows that are probed before any of them is settled: their cache misses overlap, and what they brought in is still there. */
const BLOCK: i32 = 128;

// An index bucket is one cache line: eight hashes, then the addresses of their eight cells, 0 where empty. No entry ever leaves, so the
// first bucket with an empty place ends a search.

/** Bit i: place i of the bucket has this hash. Empty places have hash 0, so a match may be empty. */
// @ts-ignore: decorator
@inline
function matches(bucket: usize, hash: u32): u32 {
  const wanted = i32x4.splat(hash);
  return i32x4.bitmask(i32x4.eq(v128.load(bucket), wanted)) | (i32x4.bitmask(i32x4.eq(v128.load(bucket, 16), wanted)) << 4);
}
/** Bit i: place i of the bucket is empty. */
// @ts-ignore: decorator
@inline
function empties(bucket: usize): u32 {
  const zero = i32x4.splat(0);
  return i32x4.bitmask(i32x4.eq(v128.load(bucket, 32), zero)) | (i32x4.bitmask(i32x4.eq(v128.load(bucket, 48), zero)) << 4);
}
// @ts-ignore: decorator
@inline
function bucketOf(partition: usize, hash: u32): usize {
  return <usize>load<u32>(partition) + (<usize>(hash & load<u32>(partition, 4)) << 6);
}

/** Writes to slots[] a cell that each key may have, or 0: the first of its hash in its first bucket. */
function guess(table: usize, regionBits: u32, from: i32, until: i32, positions: usize, hashes: usize, slots: usize): void {
  const whole = load<u32>(table, DEPTH) == 0;
  let partition = <usize>load<u32>(table, PARTITIONS);
  const first = <usize>load<u32>(partition);
  const mask = load<u32>(partition, 4);
  for (let row = from; row < until; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const hash = load<u32>(hashes + (element << 2));
    const bucket = whole ? first + (<usize>(hash & mask) << 6) : bucketOf(partitionOf(table, regionBits, hash), hash);
    const found = matches(bucket, hash);
    store<u32>(slots + (<usize>row << 2), found ? load<u32>(bucket + (<usize>ctz(found) << 2), 32) : 0);
  }
}

/** Puts a cell into the first empty place of a bucket. REQUIRES: there is one. */
// @ts-ignore: decorator
@inline
function enter(bucket: usize, hash: u32, cell: usize, partition: usize): void {
  const place = bucket + (<usize>ctz(empties(bucket)) << 2);
  store<u32>(place, hash);
  store<u32>(place, <u32>cell, 32);
  store<u32>(partition, load<u32>(partition, 8) + 1, 8);
}

// A search gives the cell of a key or, made odd, the bucket that has a place for it: addresses are even.
// @ts-ignore: decorator
@inline
function isPlace(found: usize): bool {
  return (found & 1) != 0;
}
// @ts-ignore: decorator
@inline
function searchWord(partition: usize, hash: u32, key: u64): usize {
  const entries = <usize>load<u32>(partition);
  const mask = load<u32>(partition, 4);
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const bucket = entries + (<usize>at << 6);
    for (let found = matches(bucket, hash); found; found &= found - 1) {
      const cell = <usize>load<u32>(bucket + (<usize>ctz(found) << 2), 32);
      if (cell && load<u64>(cell) == key) return cell;
    }
    if (!empties(bucket)) continue;
    return bucket | 1;
  }
}

/** The cell of a key, found or made; 0 where the table must grow first. */
function settleWord(table: usize, regionBits: u32, hash: u32, key: u64, template: usize): usize {
  const partition = partitionOf(table, regionBits, hash);
  const found = searchWord(partition, hash, key);
  if (!isPlace(found)) return found;
  if (load<u32>(partition, 8) >= load<u32>(partition, 12)) return 0;
  const cell = newCell(table, template);
  if (!cell) return 0;
  store<u64>(cell, key);
  enter(found ^ 1, hash, cell, partition);
  return cell;
}

/** An index of at most this many buckets stays in the cache: then one pass is faster than two. */
const CACHED_BUCKETS: u32 = 2048;

/** Writes the cell of a key to `slot` if the first entry of its hash in its first bucket is it. */
// @ts-ignore: decorator
@inline
function isFound(entries: usize, byteMask: u32, hash: u32, key: u64, slot: usize, offset: usize): bool {
  const bucket = entries + <usize>((hash << 6) & byteMask);
  const wanted = i32x4.splat(hash);
  const halves = i16x8.narrow_i32x4_s(i32x4.eq(v128.load(bucket), wanted), i32x4.eq(v128.load(bucket, 16), wanted));
  // Without a match the last place is as good as any: the key tells. An empty place names cell 0, where no key is.
  const place = ctz(i8x16.bitmask(i8x16.narrow_i16x8_s(halves, halves)) | 0x80);
  const cell = <usize>load<u32>(bucket + (<usize>place << 2), 32);
  if (load<u64>(cell) != key || !cell) return false;
  store<u32>(slot + offset, <u32>cell);
  return true;
}

/**
 * One pass over rows of an index in cache, up to the first whose key is not found at once. Nothing is called here: what the loop needs
 * stays in registers, and four rows share the cost of going on to the next.
 */
function findCached(entries: usize, mask: u32, from: i32, rows: i32, positions: usize, hashes: usize, keys: usize, slots: usize): i32 {
  const byteMask = mask << 6;
  let row = from;
  if (positions) {
    for (; row < rows; row++) {
      const element = <usize>load<u32>(positions + (<usize>row << 2));
      if (!isFound(entries, byteMask, load<u32>(hashes + (element << 2)), load<u64>(keys + (element << 3)), slots + (<usize>row << 2), 0)) return row;
    }
    return row;
  }
  for (; row < rows - 3; row += 4) {
    const hash = hashes + (<usize>row << 2);
    const key = keys + (<usize>row << 3);
    const slot = slots + (<usize>row << 2);
    if (!isFound(entries, byteMask, load<u32>(hash), load<u64>(key), slot, 0)) return row;
    if (!isFound(entries, byteMask, load<u32>(hash, 4), load<u64>(key, 8), slot, 4)) return row + 1;
    if (!isFound(entries, byteMask, load<u32>(hash, 8), load<u64>(key, 16), slot, 8)) return row + 2;
    if (!isFound(entries, byteMask, load<u32>(hash, 12), load<u64>(key, 24), slot, 12)) return row + 3;
  }
  for (; row < rows; row++) {
    if (!isFound(entries, byteMask, load<u32>(hashes + (<usize>row << 2)), load<u64>(keys + (<usize>row << 3)), slots + (<usize>row << 2), 0)) break;
  }
  return row;
}

// @ts-ignore: decorator
@inline
function isCached(table: usize): bool {
  return load<u32>(table, DEPTH) == 0 && load<u32>(<usize>load<u32>(table, PARTITIONS), 4) < CACHED_BUCKETS;
}

/** As `upsertWords`, of a table whose index is in cache. */
function upsertCached(table: usize, regionBits: u32, from: i32, rows: i32, positions: usize, hashes: usize, keys: usize, slots: usize, template: usize): i32 {
  const partition = <usize>load<u32>(table, PARTITIONS);
  const entries = <usize>load<u32>(partition);
  const mask = load<u32>(partition, 4);
  let row = from;
  while (row < rows) {
    row = findCached(entries, mask, row, rows, positions, hashes, keys, slots);
    if (row == rows) break;
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const cell = settleWord(table, regionBits, load<u32>(hashes + (element << 2)), load<u64>(keys + (element << 3)), template);
    if (!cell) break;
    store<u32>(slots + (<usize>row << 2), <u32>cell);
    row++;
  }
  return row;
}

/**
 * Finds or makes the cell of each key and writes its address to slots[i] (u32). Row i is element positions[i], or i. Returns how many
 * rows were done: fewer than `rows` where the table must grow first.
 */
export function upsertWords(table: usize, regionBits: u32, from: i32, rows: i32, positions: usize, hashes: usize, keys: usize, valid: usize, slots: usize, template: usize): i32 {
  if (!valid && isCached(table)) return upsertCached(table, regionBits, from, rows, positions, hashes, keys, slots, template);
  for (let block = from; block < rows; block += BLOCK) {
    const until = min(block + BLOCK, rows);
    guess(table, regionBits, block, until, positions, hashes, slots);
    for (let row = block; row < until; row++) {
      const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
      let cell = <usize>load<u32>(slots + (<usize>row << 2));
      if (valid && !load<u8>(valid + element)) cell = nullCell(table, template);
      else {
        const key = load<u64>(keys + (element << 3));
        if (cell && load<u64>(cell) == key) continue;
        cell = settleWord(table, regionBits, load<u32>(hashes + (element << 2)), key, template);
      }
      if (!cell) return row;
      store<u32>(slots + (<usize>row << 2), <u32>cell);
    }
  }
  return rows;
}

/** As `searchWord`, for a byte string. */
// @ts-ignore: decorator
@inline
function searchBytes(partition: usize, hash: u32, bytes: usize, length: u32): usize {
  const entries = <usize>load<u32>(partition);
  const mask = load<u32>(partition, 4);
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const bucket = entries + (<usize>at << 6);
    for (let found = matches(bucket, hash); found; found &= found - 1) {
      const cell = <usize>load<u32>(bucket + (<usize>ctz(found) << 2), 32);
      if (cell && load<u32>(cell, 4) == length && sameBytes(<usize>load<u32>(cell), bytes, length)) return cell;
    }
    if (!empties(bucket)) continue;
    return bucket | 1;
  }
}

/** As `settleWord`, for a byte string, which a new cell gets a copy of in the table's arena. */
function settleBytes(table: usize, regionBits: u32, hash: u32, bytes: usize, length: u32, template: usize): usize {
  const partition = partitionOf(table, regionBits, hash);
  const found = searchBytes(partition, hash, bytes, length);
  if (!isPlace(found)) return found;
  const copy = <usize>load<u32>(table, ARENA_NEXT);
  const copyEnd = copy + ((<usize>length + 7) & ~7);
  if (load<u32>(partition, 8) >= load<u32>(partition, 12) || copyEnd > <usize>load<u32>(table, ARENA_END)) return 0;
  const cell = newCell(table, template);
  if (!cell) return 0;
  copyText(copy, bytes, length);
  store<u32>(table, <u32>copyEnd, ARENA_NEXT);
  store<u64>(cell, (<u64>length << 32) | <u64>copy);
  enter(found ^ 1, hash, cell, partition);
  return cell;
}

/** As `upsertWords`, for byte-string keys given as (u32 address, u32 length) views: a new cell keeps a view of its own copy in the table's arena. */
export function upsertBytes(table: usize, regionBits: u32, from: i32, rows: i32, positions: usize, hashes: usize, views: usize, valid: usize, slots: usize, template: usize): i32 {
  for (let block = from; block < rows; block += BLOCK) {
    const until = min(block + BLOCK, rows);
    guess(table, regionBits, block, until, positions, hashes, slots);
    for (let row = block; row < until; row++) {
      const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
      let cell = <usize>load<u32>(slots + (<usize>row << 2));
      if (valid && !load<u8>(valid + element)) cell = nullCell(table, template);
      else {
        const bytes = <usize>load<u32>(views + (element << 3));
        const length = load<u32>(views + (element << 3), 4);
        if (cell && load<u32>(cell, 4) == length && sameBytes(<usize>load<u32>(cell), bytes, length)) continue;
        cell = settleBytes(table, regionBits, load<u32>(hashes + (element << 2)), bytes, length, template);
      }
      if (!cell) return row;
      store<u32>(slots + (<usize>row << 2), <u32>cell);
    }
  }
  return rows;
}

/** Writes the cell of each key to slots[i] (u32), or 0 where the table has none. Returns how many it has. */
export function findWords(table: usize, regionBits: u32, rows: i32, hashes: usize, keys: usize, slots: usize): i32 {
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const hash = load<u32>(hashes + (<usize>row << 2));
    const found = searchWord(partitionOf(table, regionBits, hash), hash, load<u64>(keys + (<usize>row << 3)));
    store<u32>(slots + (<usize>row << 2), isPlace(found) ? 0 : <u32>found);
    count += i32(!isPlace(found));
  }
  return count;
}

/** As `findWords`, for byte-string keys. */
export function findBytes(table: usize, regionBits: u32, rows: i32, hashes: usize, views: usize, slots: usize): i32 {
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const hash = load<u32>(hashes + (<usize>row << 2));
    const view = views + (<usize>row << 3);
    const found = searchBytes(partitionOf(table, regionBits, hash), hash, <usize>load<u32>(view), load<u32>(view, 4));
    store<u32>(slots + (<usize>row << 2), isPlace(found) ? 0 : <u32>found);
    count += i32(!isPlace(found));
  }
  return count;
}

/** Copies cells side by side from `out` on; addresses[i] = where the i-th is. */
export function copyCells(rows: i32, cells: usize, cellBytes: u32, out: usize, addresses: usize): void {
  for (let row = 0; row < rows; row++) {
    const cell = <usize>load<u32>(cells + (<usize>row << 2));
    for (let at: usize = 0; at < <usize>cellBytes; at += 8) store<u64>(out + at, load<u64>(cell + at));
    store<u32>(addresses + (<usize>row << 2), <u32>out);
    out += <usize>cellBytes;
  }
}

/**
 * Reads a word of each cache line, so that the lines are in the cache. Returns the words' sum. Lines read in order come several times
 * as fast as in no order.
 */
export function touchLines(from: usize, bytes: u32): u32 {
  let sum: u32 = 0;
  for (const end = from + <usize>bytes; from < end; from += 64) sum += load<u32>(from);
  return sum;
}

/** Moves the index entries whose hash has `bit` set (all where `bit` is 0) from a partition of `buckets` buckets to another, which has room. Returns how many. */
export function moveEntries(from: usize, buckets: u32, bit: u32, to: usize, toMask: u32): u32 {
  let moved: u32 = 0;
  for (let end = from + (<usize>buckets << 6); from < end; from += 64) {
    for (let place: usize = 0; place < 32; place += 4) {
      const cell = load<u32>(from + place, 32);
      const hash = load<u32>(from + place);
      if (!cell || (hash & bit) != bit) continue;
      let bucket = to + (<usize>(hash & toMask) << 6);
      let empty = empties(bucket);
      for (let at = hash & toMask; !empty; empty = empties(bucket)) {
        at = (at + 1) & toMask;
        bucket = to + (<usize>at << 6);
      }
      store<u32>(bucket + (<usize>ctz(empty) << 2), hash);
      store<u32>(bucket + (<usize>ctz(empty) << 2), cell, 32);
      moved++;
    }
  }
  return moved;
}

/** Lists the entries whose hash has `value` in its top `bits` bits, as hashes[] and cells[] (u32). Returns how many. */
export function collectEntries(from: usize, buckets: u32, bits: u32, value: u32, hashes: usize, cells: usize): u32 {
  let found: usize = 0;
  for (let end = from + (<usize>buckets << 6); from < end; from += 64) {
    for (let place: usize = 0; place < 32; place += 4) {
      const cell = load<u32>(from + place, 32);
      const hash = load<u32>(from + place);
      if (!cell || <u32>(<u64>hash >> <u64>(32 - bits)) != value) continue;
      store<u32>(hashes + (found << 2), hash);
      store<u32>(cells + (found << 2), cell);
      found++;
    }
  }
  return <u32>found;
}

/** slots[i] = address of the dense cell of codes[element]; chunks of 2^shift cells lie at the addresses in `directory`; cell 0 is that of null, code c has cell c + 1. */
export function denseSlots(rows: i32, positions: usize, codes: usize, valid: usize, directory: usize, shift: u32, cellBytes: u32, slots: usize): void {
  const mask: u32 = (1 << shift) - 1;
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const at = valid && !load<u8>(valid + element) ? 0 : load<u32>(codes + (element << 2)) + 1;
    store<u32>(slots + (<usize>row << 2), load<u32>(directory + (<usize>(at >> shift) << 2)) + (at & mask) * cellBytes);
  }
}

/** As `denseSlots` over all elements, where the one chunk at `base` has every cell. May read and write up to 12 bytes past the ends. */
export function denseSlotsFlat(rows: i32, codes: usize, valid: usize, base: u32, cellBytes: u32, slots: usize): void {
  const bases = i32x4.splat(base);
  const sizes = i32x4.splat(cellBytes);
  const ones = i32x4.splat(1);
  for (let row = 0; row < rows; row += 4) {
    let at = i32x4.add(v128.load(codes + (<usize>row << 2)), ones);
    if (valid) at = v128.and(at, i32x4.neg(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(valid + <usize>row)))));
    v128.store(slots + (<usize>row << 2), i32x4.add(bases, i32x4.mul(at, sizes)));
  }
}

/** Writes `cells` copies of `template` to `to`. */
export function fillCells(to: usize, cells: u32, template: usize, cellBytes: u32): void {
  for (let cell: u32 = 0; cell < cells; cell++) {
    for (let at: u32 = 0; at < cellBytes; at += 8) store<u64>(to + <usize>at, load<u64>(template + <usize>at));
    to += <usize>cellBytes;
  }
}

/** numbers[i] = which cell it is among those of 8 bytes that lie from `first` on. May read and write up to 12 bytes past the ends. */
export function numberCells(rows: i32, cells: usize, first: u32, numbers: usize): void {
  const firsts = i32x4.splat(first);
  for (let row = 0; row < rows; row += 4) v128.store(numbers + (<usize>row << 2), i32x4.shr_u(i32x4.sub(v128.load(cells + (<usize>row << 2)), firsts), 3));
}

/** Cells whose first word is a number get the key of that number instead; hashes[i] = its hash. */
export function nameCells(rows: i32, cells: usize, keys: usize, hashOf: usize, hashes: usize): void {
  for (let row = 0; row < rows; row++) {
    const cell = <usize>load<u32>(cells + (<usize>row << 2));
    const number = <usize>load<u32>(cell);
    store<u64>(cell, load<u64>(keys + (number << 3)));
    store<u32>(hashes + (<usize>row << 2), load<u32>(hashOf + (number << 2)));
  }
}

/** Sets the first word of cells to 1. */
export function markCells(rows: i32, slots: usize): void {
  for (let row = 0; row < rows; row++) store<u64>(<usize>load<u32>(slots + (<usize>row << 2)), 1);
}

/**
 * Lists the addresses of the cells of a dense run whose word at `markOffset` is not 0, and writes their codes into their first words:
 * firstCode for the first cell of the run, and so on. Returns how many.
 */
export function touchedCells(from: usize, cells: i32, cellBytes: u32, markOffset: u32, firstCode: i32, out: usize): u32 {
  let found: usize = 0;
  for (let cell = 0; cell < cells; cell++) {
    if (load<u64>(from + <usize>markOffset) != 0) {
      store<i64>(from, <i64>(firstCode + cell));
      store<u32>(out + (found << 2), <u32>from);
      found++;
    }
    from += <usize>cellBytes;
  }
  return <u32>found;
}
