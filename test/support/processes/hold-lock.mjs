// Takes the lock on the database file named by the first argument, says so, and holds it until it is killed.
import { writeSync } from 'node:fs';
import { lockDatabaseFile } from '../../../dist/src/database/process-lock.js';

try {
  lockDatabaseFile(process.argv[2]);
  writeSync(1, 'locked\n');
  setInterval(() => undefined, 60_000);
} catch (error) {
  writeSync(1, `${error.name}: ${error.message}\n`);
}
