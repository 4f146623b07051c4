import { QueryFailedError } from 'typeorm';

// MySQL and MariaDB: errno. SQLite: extended result code (2067 unique, 1555 primary key).
const DUPLICATE = new Set([1062, 2067, 1555]);
const WORTH_RETRYING = new Set([1213, 1205]);

/** Raised at start where the database answers and yet cannot be used. Says what its operator must do. */
export class UnusableDatabaseError extends Error {
  override readonly name = 'UnusableDatabaseError';
}

/** A unique key refused the row: somebody was faster. */
export function isDuplicate(error: unknown): boolean {
  return DUPLICATE.has(findCode(error));
}

/** A deadlock or a lock wait that ran out: the whole transaction may simply be tried again. */
export function isWorthRetrying(error: unknown): boolean {
  return WORTH_RETRYING.has(findCode(error));
}

/** The connection is gone, or there was none to have: the next statement would fare no better. */
export function isUnreachable(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  return typeof cause === 'object' && cause !== null && 'fatal' in cause && cause.fatal === true;
}

function findCode(error: unknown): number {
  if (!(error instanceof QueryFailedError)) return 0;
  const driverError: unknown = error.driverError;
  // By shape: a native driver's errors may come from another realm, where `instanceof Error` is false.
  if (typeof driverError !== 'object' || driverError === null) return 0;
  if ('errno' in driverError) return Number(driverError.errno);
  return 'errcode' in driverError ? Number(driverError.errcode) : 0;
}
