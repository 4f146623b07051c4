// `npm run admin -- <command>`: merchants, keys and the database, from the server itself. `help` lists the commands.
import { buildWhenStale } from './build-when-stale.mjs';

try {
  // Production runs what was shipped.
  if (process.env.NODE_ENV !== 'production') buildWhenStale();
  await import('../dist/src/admin/main.js');
} catch (error) {
  const missing = error.code === 'ERR_MODULE_NOT_FOUND';
  console.error(missing ? 'There is no build in dist: run npm run build first.' : error.message);
  process.exitCode = 1;
}
