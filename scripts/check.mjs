// `npm run check`: everything that must hold before a change lands, cheapest first; stops at the first failure.
// `--static` leaves the tests out (for a pipeline that runs `npm test` by itself).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const node = process.execPath;
const folders = ['src', 'libs', 'migrations', 'simulation', 'test', 'bench'].filter((folder) =>
  existsSync(join(root, folder)),
);

const staticSteps = [
  ['formatting (npm run format mends it)', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['lint', bin('eslint'), ['--max-warnings', '0', '.']],
  [
    'import directions',
    bin('depcruise'),
    ['--output-type', 'err-long', '--config', '.dependency-cruiser.cjs', ...folders],
  ],
  ['types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']],
  ['generated documentation (npm run generate mends it)', node, ['scripts/generate-docs.mjs', '--check']],
];
const testSteps = [
  [
    'unit and conformance tests',
    node,
    ['scripts/test.mjs', '--testPathIgnorePatterns', '/node_modules/', '/test/e2e/'],
  ],
  ['end-to-end tests', node, ['scripts/test.mjs', '--testPathPatterns', 'test/e2e/']],
];

const steps = process.argv.includes('--static') ? staticSteps : [...staticSteps, ...testSteps];
const startedAt = performance.now();
const failed = steps.find((step) => !run(step));
console.log(
  failed === undefined
    ? `All checks pass, ${seconds(startedAt)}.`
    : `Stopped at: ${failed[0]}, after ${seconds(startedAt)}.`,
);
process.exitCode = failed === undefined ? 0 : 1;

function run([name, command, parameters]) {
  console.log(`— ${name}`);
  const stepStartedAt = performance.now();
  const { status, error } = spawnSync(command, parameters, { cwd: root, stdio: 'inherit' });
  if (error) console.error(error.message);
  console.log(`  ${status === 0 ? 'passed' : 'FAILED'}, ${seconds(stepStartedAt)}`);
  return status === 0;
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
