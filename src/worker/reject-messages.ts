import type { ChunkResult } from '../expression/stateless-stage.js';
import type { Branch } from '../plan/plan.js';
import { MOST_KEY_BYTES } from './key-limit.js';

/** What dead letters and late rows say of themselves. */
export function faultMessage(fault: ChunkResult['faults'][number], branch: Branch): string {
  if (fault.detail) return fault.detail;
  switch (fault.code) {
    case 'OVERFLOW': return 'an expression overflows its type';
    case 'BAD_CAST': return 'a value cannot be cast';
    case 'UDF_FAILED': return 'a user-defined function threw';
    case 'NULL_IN_NON_NULL': return `null in a column of ${branch.source.name} that must not be null`;
  }
}

export const UNKNOWN_ZONE_MESSAGE = 'its time zone is null, or no name of the IANA time zone database';
export const OUTSIDE_MESSAGE: string = 'its window begins or ends at a time that 64 bits cannot hold';
export const LARGE_MESSAGE: string = `its grouping key takes more than ${MOST_KEY_BYTES} bytes`;
export const aheadMessage = (time: bigint, latest: bigint): string => `its event time ${time} is ${time - latest} beyond the latest that is taken`;
export const lateMessage = (time: bigint, watermark: bigint): string => `its window had closed: event time ${time}, ${watermark - time} behind the watermark`;
export const unmatchedMessage = (time: bigint, watermark: bigint): string => `rows that match it may be forgotten: event time ${time}, ${watermark - time} behind the watermark`;
export const forgottenMessage = (time: bigint, watermark: bigint): string => `what it may repeat is forgotten: event time ${time}, ${watermark - time} behind the watermark`;
