import { copyText } from './bytes';

const GOLDEN: u64 = 0x9e3779b97f4a7c15;

// @ts-ignore: decorator
@inline
function entryAt(entries: usize, row: i32): usize {
  return <usize>load<u32>(entries + (<usize>row << 2));
}
// @ts-ignore: decorator
@inline
function elementAt(elements: usize, row: i32): usize {
  return <usize>load<u32>(elements + (<usize>row << 2));
}

/** Writes the low `width` bytes of 8-byte elements to entries, see the interface. */
export function putFields(width: i32, rows: i32, entries: usize, offset: usize, elements: usize, data: usize): void {
  if (width == 8) for (let row = 0; row < rows; row++) store<u64>(entryAt(entries, row) + offset, load<u64>(data + (elementAt(elements, row) << 3)));
  else if (width == 4) for (let row = 0; row < rows; row++) store<u32>(entryAt(entries, row) + offset, load<u32>(data + (elementAt(elements, row) << 3)));
  else if (width == 2) for (let row = 0; row < rows; row++) store<u16>(entryAt(entries, row) + offset, load<u16>(data + (elementAt(elements, row) << 3)));
  else for (let row = 0; row < rows; row++) store<u8>(entryAt(entries, row) + offset, load<u8>(data + (elementAt(elements, row) << 3)));
}

/** Writes bytes to entries; without `data` ones. */
export function putFlags(rows: i32, entries: usize, offset: usize, elements: usize, data: usize): void {
  if (!data) for (let row = 0; row < rows; row++) store<u8>(entryAt(entries, row) + offset, 1);
  else for (let row = 0; row < rows; row++) store<u8>(entryAt(entries, row) + offset, load<u8>(data + elementAt(elements, row)));
}

/** sizes[i] += the length of the text of row i, where it is not null. */
export function addTextSizes(rows: i32, elements: usize, views: usize, valid: usize, sizes: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementAt(elements, row);
    if (valid && !load<u8>(valid + element)) continue;
    const at = sizes + (<usize>row << 2);
    store<u32>(at, load<u32>(at) + load<u32>(views + (element << 3), 4));
  }
}

/** Copies texts into entries, see the interface. */
export function putTexts(rows: i32, entries: usize, offset: usize, elements: usize, views: usize, valid: usize, cursors: usize): void {
  for (let row = 0; row < rows; row++) {
    const entry = entryAt(entries, row);
    const element = elementAt(elements, row);
    const cursor = cursors + (<usize>row << 2);
    const at = load<u32>(cursor);
    const view = views + (element << 3);
    const length = valid && !load<u8>(valid + element) ? 0 : load<u32>(view, 4);
    store<u32>(entry + offset, at);
    store<u32>(entry + offset, length, 4);
    copyText(entry + at, load<u32>(view), length);
    store<u32>(cursor, at + length);
  }
}

/** Fields of entries, widened to 8 bytes, see the interface. */
export function getFields(width: i32, rows: i32, entries: usize, offset: usize, out: usize): void {
  if (width == 8) for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), load<u64>(entryAt(entries, row) + offset));
  else if (width == 4) for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), load<u32>(entryAt(entries, row) + offset));
  else if (width == 2) for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), load<u16>(entryAt(entries, row) + offset));
  else for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), load<u8>(entryAt(entries, row) + offset));
}

/** Bytes of entries. */
export function getFlags(rows: i32, entries: usize, offset: usize, out: usize): void {
  for (let row = 0; row < rows; row++) store<u8>(out + <usize>row, load<u8>(entryAt(entries, row) + offset));
}

/** Views of the texts of entries; of a row without an entry an empty one. */
export function getTexts(rows: i32, entries: usize, offset: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const entry = entryAt(entries, row);
    const view = out + (<usize>row << 3);
    store<u32>(view, <u32>entry + load<u32>(entry + offset));
    store<u32>(view, load<u32>(entry + offset, 4), 4);
  }
}

/** Copies texts side by side and has their views point there, see the interface. */
export function moveTexts(rows: i32, views: usize, to: usize): void {
  let at = to;
  for (let row = 0; row < rows; row++) {
    const view = views + (<usize>row << 3);
    const length = <usize>load<u32>(view, 4);
    copyText(at, load<u32>(view), <u32>length);
    store<u32>(view, <u32>at);
    at += length;
  }
}

/** out[i] = 1 where row i has an entry, else 0. */
export function hasEntry(rows: i32, entries: usize, out: usize): void {
  for (let row = 0; row < rows; row++) store<u8>(out + <usize>row, u8(entryAt(entries, row) != 0));
}

/** out[i] = the entry of row i, or the other one where it has none. */
export function eitherEntry(rows: i32, entries: usize, others: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const entry = entryAt(entries, row);
    store<u32>(out + (<usize>row << 2), <u32>(entry ? entry : entryAt(others, row)));
  }
}

/** Lists each row once for every window that its time lies in, see the interface. */
export function windowRows(rows: i32, positions: usize, times: usize, size: i64, slide: i64, offset: i64, elements: usize, starts: usize): i32 {
  let made: i32 = 0;
  for (let row = 0; row < rows; row++) {
    const element = positions ? elementAt(positions, row) : <usize>row;
    const time = load<i64>(times + (element << 3));
    let behind = (time - offset) % slide;
    if (behind < 0) behind += slide;
    for (let start = time - behind; start > time - size; start -= slide) {
      store<u32>(elements + (<usize>made << 2), <u32>element);
      store<i64>(starts + (<usize>made << 3), start);
      made++;
    }
  }
  return made;
}

/** out[i] = the word of row i's element, mixed with the start of its window. */
export function windowKeys(rows: i32, elements: usize, words: usize, starts: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<u64>(out + (<usize>row << 3), load<u64>(words + (elementAt(elements, row) << 3)) ^ (load<u64>(starts + (<usize>row << 3)) * GOLDEN));
  }
}

/** Lists the rows with a time before their bound. Returns how many. */
export function rowsBeforeBounds(rows: i32, times: usize, bounds: usize, out: usize): i32 {
  let found: i32 = 0;
  for (let row = 0; row < rows; row++) {
    store<i32>(out + (<usize>found << 2), row);
    found += i32(load<i64>(times + (<usize>row << 3)) < load<i64>(bounds + (<usize>row << 3)));
  }
  return found;
}
