import { MillraceError } from '../errors.js';
import type { Field, Fields } from '../plan/types.js';
import type { Assignment } from './assignments.js';

/** The columns of revised results that stores look at. */

export const isVersion = ({ name, type }: Field): boolean => name === 'version' && type.kind === 'int64';
export const isDeleted = ({ name, type }: Field): boolean => name === 'deleted' && type.kind === 'bool';
const isRetracted = ({ name, type, nullable }: Field): boolean => name === 'retracted' && type.kind === 'bool' && !nullable;

const refused = (name: string, message: string): MillraceError => new MillraceError('BAD_OPTION', `${name}: ${message}`);

/** Rows of a join that takes back what it gave out cannot be told apart by a key. */
export function refuseRetractions(name: string, fields: Fields): void {
  if (fields.some(isRetracted)) throw refused(name, 'these results are taken back by rows that are equal to them, which have no key: aggregate them first, or say mode: \'final\' in the join');
}
/** A result that was taken back must not stay as it was. */
export function refuseLostDeletes(name: string, fields: Fields, assignments: readonly Assignment[], removes: boolean): void {
  if (!removes && fields.some(isDeleted) && !assignments.some(({ field }) => isDeleted(field))) throw refused(name, 'columns must name \'deleted\', or say deletes: \'remove\'');
}
/** Versions of a life are greater than all of those before: what has no version of its own has the first. */
export const firstVersion = (incarnation: number): bigint => BigInt(incarnation) << 40n;
