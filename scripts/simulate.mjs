// `npm run simulate`: builds what is stale and plays the simulation (docs/simulation.md).
import { buildWhenStale } from './build-when-stale.mjs';

try {
  buildWhenStale();
  await import('../dist/simulation/main.js');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
