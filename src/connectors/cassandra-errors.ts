import { LOST_CODES } from './delivery/network.js';

/** Which errors of the driver pass: no host answers, a timeout, too few replicas, a server that is overloaded or starts. By name and code: the driver is not imported. */
const PASSING_NAMES = ['OperationTimedOutError', 'BusyConnectionError'];
/** serverError, unavailable, overloaded, isBootstrapping, truncateError, writeTimeout, readTimeout, readFailure, writeFailure, casWriteUnknown. */
const PASSING_CODES = [0x0000, 0x1000, 0x1001, 0x1002, 0x1003, 0x1100, 0x1200, 0x1300, 0x1500, 0x1700];

/** A transaction that others were faster than, again and again. */
export class Contended extends Error {}

interface DriverError { readonly name?: unknown; readonly code?: unknown; readonly message?: unknown; readonly innerErrors?: unknown }
const parts = (error: unknown): DriverError => (typeof error === 'object' && error !== null ? error : { message: error }) as DriverError;

export function isTransient(error: unknown): boolean {
  if (error instanceof Contended) return true;
  const { name, code, innerErrors } = parts(error);
  if (name === 'NoHostAvailableError') {
    // What no host lets in will not be let in later either.
    const inner = Object.values((innerErrors ?? {}) as object).map(one => parts(one).name);
    return inner.length === 0 || inner.some(one => one !== 'AuthenticationError');
  }
  if (typeof name === 'string' && PASSING_NAMES.includes(name)) return true;
  return typeof code === 'number' ? PASSING_CODES.includes(code) : typeof code === 'string' && LOST_CODES.includes(code);
}

/** In one line. The driver's errors may hold the query and all that was tried with each host. */
export function describe(error: unknown): string {
  const { message, code } = parts(error);
  const text = String(message ?? '').split('\n')[0]!.replaceAll(/\b(password\s*[=:]\s*)\S+/gi, '$1…').slice(0, 300);
  return typeof code === 'number' ? `${text} (0x${code.toString(16).padStart(4, '0')})` : text;
}
