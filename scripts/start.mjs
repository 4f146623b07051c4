// `npm start`: builds what changed, then runs the gateway in this process. The gateway migrates its database by itself.
// In production (NODE_ENV=production) it runs the `dist` that was shipped, and never builds.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// How long we may outlive whoever started us, where nothing tells us of his end.
const lookEveryMs = 500;
const entry = new URL('../dist/src/main.js', import.meta.url);

endWithParent();

try {
  if (process.env.NODE_ENV === 'production') assertShipped();
  else (await import('./build-when-stale.mjs')).buildWhenStale();
  await import(entry.href);
} catch (error) {
  console.error(error.expected ? error.message : error);
  process.exit(1);
}

/**
 * Ends as on SIGTERM when the one who started us is gone, killed without a chance to say so: npm, or a script with a channel to us.
 * Nobody else: a service manager, or a shell with `nohup`, may leave us to ourselves.
 */
function endWithParent() {
  const end = () => process.kill(process.pid, 'SIGTERM');
  process.once('disconnect', end);
  if (process.send !== undefined && !process.connected) end();
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    end();
  }, lookEveryMs);
  look.unref();
}

function assertShipped() {
  if (existsSync(entry)) return;
  const message =
    `There is no ${fileURLToPath(entry)}: in production nothing is built.\n` +
    'Build where the development packages are installed (npm ci && npm run build), and ship `dist` with the rest.';
  throw Object.assign(new Error(message), { expected: true });
}
