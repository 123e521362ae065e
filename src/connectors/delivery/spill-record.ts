import { crc32 } from 'node:zlib';

/** The bytes of a log's segments: a head, which says what the records belong to, and records, each with checksums of its length and of itself. */

const MAGIC = Buffer.from('MLSPILL1');
/** Before a payload: its length, its checksum, the checksum of these two; all uint32, little endian. */
const HEAD_BYTES = 12;
/** No record is as long: its length is not one. */
const MOST_BYTES = 2 ** 30;

/** A record, or the head of a segment, as it is written. */
export function framed(payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt32LE(crc32(payload), 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
  bytes.set(payload, HEAD_BYTES);
  return bytes;
}
export const framedBytes = (payloadBytes: number): number => HEAD_BYTES + payloadBytes;
export const segmentHead = (layout: string): Buffer => Buffer.concat([MAGIC, framed(Buffer.from(layout))]);

/** What stands at a place of a segment. 'torn': it was being written when all ended. */
export type Found = { readonly kind: 'record'; readonly payload: Buffer; readonly next: number } | { readonly kind: 'end' | 'torn' | 'damaged' };

/**
 * Reads the record at `offset`. A record is written only when the one before is on the disk, so only the last may be torn: what is cut short, or
 * is wrong and ends where the file does, or is nothing but zeros (room that was given out and never filled).
 */
export function recordAt(bytes: Buffer, offset: number): Found {
  const left = bytes.length - offset;
  if (left === 0) return { kind: 'end' };
  if (left < HEAD_BYTES) return { kind: 'torn' };
  const length = bytes.readUInt32LE(offset);
  if (crc32(bytes.subarray(offset, offset + 8)) !== bytes.readUInt32LE(offset + 8) || length > MOST_BYTES) {
    return { kind: bytes.subarray(offset).every(byte => byte === 0) ? 'torn' : 'damaged' };
  }
  const next = offset + HEAD_BYTES + length;
  if (next > bytes.length) return { kind: 'torn' };
  const payload = bytes.subarray(offset + HEAD_BYTES, next);
  if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) return { kind: next === bytes.length ? 'torn' : 'damaged' };
  return { kind: 'record', payload, next };
}

/** The layout that a segment was written for, and where its records begin; null if it was being made when all ended, false if it is something else. */
export function headOf(bytes: Buffer): { readonly layout: string; readonly start: number } | null | false {
  if (!MAGIC.subarray(0, bytes.length).equals(bytes.subarray(0, MAGIC.length))) return false;
  const found = bytes.length < MAGIC.length ? { kind: 'torn' as const } : recordAt(bytes, MAGIC.length);
  if (found.kind === 'record') return { layout: found.payload.toString(), start: found.next };
  return found.kind === 'damaged' ? false : null;
}
