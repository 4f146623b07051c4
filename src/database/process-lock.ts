import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

/** Raised when another process already works with what only one may use. Says who, why, and what to do. */
export class DataFolderInUseError extends Error {
  constructor(place: string, holder: string, advice: string) {
    super(`${place} is in use by another Malipo process (${holder}). ${advice}`);
    this.name = 'DataFolderInUseError';
  }
}

/**
 * Takes the embedded database for this process alone. The lock is a lock of the operating system on a small file beside
 * it, so it goes with the process however that ends. Answers how to give it back.
 */
export function lockDatabaseFile(file: string): () => void {
  return lock(
    file,
    'The embedded SQLite database serves one process: stop the other one, choose another MALIPO_DATA_DIR, or use ' +
      'MySQL or MariaDB through DATABASE_URL for several.',
  );
}

/** The same for a folder in which only one process may write. */
export function lockFolder(folder: string): () => void {
  return lock(
    folder,
    'Stop that one first, or give this one a folder and a port of its own, for instance: ' +
      'MALIPO_DATA_DIR=./data-2 PORT=3001 npm start',
  );
}

function lock(file: string, advice: string): () => void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const holderFile = `${file}.pid`;
  const held = new DatabaseSync(`${file}.lock`, { timeout: 0 });
  try {
    held.exec('PRAGMA locking_mode = EXCLUSIVE');
    held.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    held.close();
    if (!isBusy(error)) throw error;
    throw new DataFolderInUseError(file, `process ${readHolder(holderFile)}`, advice);
  }
  writeFileSync(holderFile, String(process.pid));
  return () => held.close();
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
