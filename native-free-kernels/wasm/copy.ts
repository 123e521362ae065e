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
