import type { DataSource } from 'typeorm';
import { UnusableDatabaseError } from './database-errors.js';

const LOCK_WAIT_S = 120;

/** Brings the schema up to date, one process at a time. Safe to call from every process at start. */
export async function migrate(source: DataSource): Promise<void> {
  if (source.options.type === 'better-sqlite3') {
    await source.runMigrations({ transaction: 'each' });
    return;
  }
  // The lock belongs to a connection, so it is held on one of its own while the migrations use another.
  const runner = source.createQueryRunner();
  try {
    const name = `malipo_migrate_${String(source.driver.database)}`.slice(0, 64);
    const rows: unknown = await runner.query('SELECT GET_LOCK(?, ?) AS locked', [name, LOCK_WAIT_S]);
    if (!isLocked(rows))
      throw new UnusableDatabaseError(`Another process has been migrating the database for ${String(LOCK_WAIT_S)} s.`);
    try {
      await source.runMigrations({ transaction: 'none' });
    } finally {
      // The connection goes back to the pool: a lock left on it would keep everybody else out.
      await runner.query('SELECT RELEASE_LOCK(?)', [name]);
    }
  } finally {
    await runner.release();
  }
}

function isLocked(rows: unknown): boolean {
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  return typeof row === 'object' && row !== null && 'locked' in row && Number(row.locked) === 1;
}
