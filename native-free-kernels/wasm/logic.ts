/** Bytes of 0 or 1: three-valued logic and validity. A `valid` of 0 means that nothing is null. A stride is 1, or 0 for a constant. */

/** out = a & b. May write 16 bytes past the end. */
export function andBytes(rows: i32, a: usize, b: usize, out: usize): void {
  for (let row: i32 = 0; row < rows; row += 16) v128.store(out + row, v128.and(v128.load(a + row), v128.load(b + row)));
}

/** out = a ^ 1. May write 16 bytes past the end. */
export function notBytes(rows: i32, a: usize, out: usize): void {
  const one = i8x16.splat(1);
  for (let row: i32 = 0; row < rows; row += 16) v128.store(out + row, v128.xor(v128.load(a + row), one));
}

/**
 * SQL AND (`or` 0) and OR (`or` 1). A value that decides (false for AND, true for OR) wins over null.
 */
export function logic3(or: i32, rows: i32, a: usize, strideA: usize, validA: usize, b: usize, strideB: usize, validB: usize, out: usize, outValid: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const knownA: i32 = validA == 0 ? 1 : load<u8>(validA), knownB: i32 = validB == 0 ? 1 : load<u8>(validB);
    const x: i32 = load<u8>(a), y: i32 = load<u8>(b);
    const decides = (knownA & (x ^ or ^ 1)) | (knownB & (y ^ or ^ 1));
    const known = decides | (knownA & knownB);
    store<u8>(out + row, u8(decides != 0 ? or : or ^ 1) & <u8>known);
    if (outValid != 0) store<u8>(outValid + row, <u8>known);
    a += strideA; b += strideB;
    if (validA != 0) validA += strideA;
    if (validB != 0) validB += strideB;
  }
}

/** IS DISTINCT FROM: `differ` where both are known, else whether only one is. */
export function distinctBytes(rows: i32, differ: usize, validA: usize, strideA: usize, validB: usize, strideB: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const knownA: i32 = validA == 0 ? 1 : load<u8>(validA), knownB: i32 = validB == 0 ? 1 : load<u8>(validB);
    store<u8>(out + row, u8((knownA & knownB) != 0 ? <i32>load<u8>(differ + row) : knownA ^ knownB));
    if (validA != 0) validA += strideA;
    if (validB != 0) validB += strideB;
  }
}
