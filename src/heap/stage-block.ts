import { MORSEL_SLOTS, MORSEL_WORDS } from './control.js';

/**
 * What threads tell each other about one stage of a job, in a block of its own that the coordinator allocates when the job starts:
 * a ring of tasks, the slots of morsels, the firing in progress, and behind them the chain with its lanes (`worker/lanes.ts`). Who writes:
 *
 *   queueTail, queue      coordinator; queueHead: workers, by compare-and-swap
 *   fire, fireDone        the coordinator begins a firing, each part adds 1 when it is done
 *   urgent                a firing that goes before the queue: the coordinator stores how many parts it has << 8, workers that take one add 1
 *   settled               the coordinator: the watermark behind all morsels that are settled
 *   state                 under stateLock: what an operator keeps that has no regions
 *   results               workers add 1 for each result of a firing before they put it out, the coordinator for others when it gives them on; it takes
 *                         them off when they are freed
 */
export const enum StageWord { queueHead, queueTail, fireDone, stateLock, state, results, urgent }
const HEAD_WORDS = 16;
const FIRE_WORD = 8;
const SETTLED_WORD = 14;
/** More than slots of morsels and parts of a firing. */
export const QUEUE_ENTRIES = 1024;

/** Bytes before the chain; a multiple of 8. */
export const STAGE_BYTES: number = (HEAD_WORDS + QUEUE_ENTRIES + MORSEL_SLOTS * MORSEL_WORDS) * 4;
/** Index (u32) of a word of the block at an address. */
export const stageWord = (block: number, name: StageWord): number => (block >>> 2) + name;
/** Index (i64) of three words of the firing in progress: its watermark, its number from 1 on, whether it is early (1 or 0). */
export const fireWord = (block: number): number => (block >>> 3) + FIRE_WORD / 2;
/** A version is an incarnation of the job, times this, and a number in it. */
const VERSIONS = 2n ** 40n;
/** The version before all of an incarnation. */
export const versionsBefore = (incarnation: number): bigint => BigInt(incarnation) * VERSIONS;
/** The version before all of the incarnation that a version is of. */
export const firstVersion = (version: bigint): bigint => (version / VERSIONS) * VERSIONS;
/** Index (i64) of the watermark behind all morsels that are settled. */
export const settledWord = (block: number): number => (block >>> 3) + SETTLED_WORD / 2;
/** Index (u32) of the first entry of the ring. */
export const queueStart = (block: number): number => (block >>> 2) + HEAD_WORDS;
/** Index (u32) of the first slot. */
export const morselStart = (block: number): number => (block >>> 2) + HEAD_WORDS + QUEUE_ENTRIES;
/** Address of the chain. */
export const chainStart = (block: number): number => block + STAGE_BYTES;
