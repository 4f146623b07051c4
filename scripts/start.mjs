// `npm start`: builds what changed, then runs the gateway in this process. The gateway migrates its database by itself.
// In production (NODE_ENV=production) it runs the `dist` that was shipped, and never builds.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = new URL('../dist/src/main.js', import.meta.url);

try {
  if (process.env.NODE_ENV === 'production') assertShipped();
  else (await import('./build-when-stale.mjs')).buildWhenStale();
  await import(entry.href);
} catch (error) {
  console.error(error.expected ? error.message : error);
  process.exit(1);
}

function assertShipped() {
  if (existsSync(entry)) return;
  const message =
    `There is no ${fileURLToPath(entry)}: in production nothing is built.\n` +
    'Build where the development packages are installed (npm ci && npm run build), and ship `dist` with the rest.';
  throw Object.assign(new Error(message), { expected: true });
}
