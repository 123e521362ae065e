/** Most texts are short: a call of `memory.copy` costs more than to copy them word by word. The two do not overlap. */
const SHORT: u32 = 64;

// @ts-ignore: decorator
@inline
export function copyText(to: usize, from: usize, length: u32): void {
  if (length > SHORT) {
    memory.copy(to, from, length);
    return;
  }
  const end = to + length;
  for (; to + 8 <= end; to += 8, from += 8) store<u64>(to, load<u64>(from));
  for (; to < end; to++, from++) store<u8>(to, load<u8>(from));
}

/** Whether two texts of one length are equal. Both may be read up to 7 bytes past their end. */
// @ts-ignore: decorator
@inline
export function sameBytes(a: usize, b: usize, length: u32): bool {
  let left = length;
  while (left >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    left -= 8;
  }
  return left == 0 || ((load<u64>(a) ^ load<u64>(b)) << <u64>(64 - (left << 3))) == 0;
}
