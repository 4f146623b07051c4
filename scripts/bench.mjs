// `npm run bench`: compiles the gateway and its floors, then lets them compete: who accepts requests, or, with the word
// `deliveries`, who delivers webhooks. `npm run bench -- --help` and `npm run bench -- deliveries --help` say how.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const run = (parameters) => spawnSync(process.execPath, parameters, { cwd: root, stdio: 'inherit' }).status ?? 1;

const [word, ...rest] = process.argv.slice(2);
const competition =
  word === 'deliveries' ? ['dist/bench/deliveries/main.js', ...rest] : ['dist/bench/main.js', ...process.argv.slice(2)];
process.exitCode = run([tsc, '-p', 'tsconfig.bench.json']) || run(competition);
