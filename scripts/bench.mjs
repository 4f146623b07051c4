// `npm run bench`: compiles the gateway and its floors, then lets them compete. `npm run bench -- --help` says how.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const run = (parameters) => spawnSync(process.execPath, parameters, { cwd: root, stdio: 'inherit' }).status ?? 1;

process.exitCode = run([tsc, '-p', 'tsconfig.bench.json']) || run(['dist/bench/main.js', ...process.argv.slice(2)]);
