// Builds `dist` when a source is newer than the last build, and not otherwise.
// For the scripts that run the compiled gateway; run alone it does the same.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = ['src', 'libs', 'migrations', 'simulation'];
const settings = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];
const stamp = join(root, 'dist', '.built');

/** Builds if need be, and throws where the build fails. Says on stderr that it builds: it takes a few seconds. */
export function buildWhenStale() {
  // Files that change while the compiler runs must look newer than this build.
  const startedAt = Date.now();
  // An image holds what was built and nothing to build it from.
  if (!existsSync(join(root, 'src')) || isFresh()) return;
  process.stderr.write('Building …\n');
  const nest = createRequire(import.meta.url).resolve('@nestjs/cli/bin/nest.js');
  const { status } = spawnSync(process.execPath, [nest, 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('The build failed: the messages above say where.');
  for (const folder of sources) removeOrphans(folder);
  writeFileSync(stamp, String(startedAt));
}

function isFresh() {
  if (!existsSync(stamp)) return false;
  const builtAt = Number(readFileSync(stamp, 'utf8'));
  return [...sources, ...settings].every((path) => newestChange(join(root, path)) <= builtAt);
}

/** Epoch ms of the latest change at or below a path. A folder's own time tells of deleted and renamed files. */
function newestChange(path) {
  if (!existsSync(path) || path.endsWith('.spec.ts')) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

/** The compiler leaves what it made of files that are gone; a migration or provider that is gone must not run. */
function removeOrphans(folder) {
  const output = join(root, 'dist', folder);
  if (!existsSync(output)) return;
  for (const entry of readdirSync(output, { recursive: true })) {
    const source = /^(.+)\.(js|js\.map)$/.exec(entry)?.[1];
    if (source !== undefined && !existsSync(join(root, folder, `${source}.ts`))) rmSync(join(output, entry));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    buildWhenStale();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
