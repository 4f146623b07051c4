// `npm test`: every test that needs no server, and, where MySQL or MariaDB and Redis answer, the same suites against them.
// With CI set, or with --require-servers, both must answer; so must a server that TEST_MYSQL_URL or TEST_REDIS_URL names.
// Further arguments go to jest: `npm test -- libs/primitives`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWhenStale } from './build-when-stale.mjs';
import { isPageCurrent, readReports } from './capability-matrix.mjs';
import { defaultServers, findServer } from './servers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const mustFlag = '--require-servers';
const given = process.argv.slice(2);
const serversRequired = given.includes(mustFlag) || !['', 'false', '0', undefined].includes(process.env.CI);

process.exitCode = await main();

async function main() {
  const environment = {};
  for (const server of Object.values(defaultServers)) {
    const { url, detail } = await findServer(server);
    console.log(`${server.name}: ${detail}`);
    const named = Boolean(process.env[server.variable]);
    if (url === '' && (serversRequired || named)) {
      const why = named ? `${server.variable} names it` : `CI is set, or ${mustFlag} was given`;
      console.error(`${server.name} must answer here (${why}), and does not.`);
      return 1;
    }
    environment[server.variable] = url;
  }
  // Some tests start the compiled gateway as a process of its own.
  try {
    buildWhenStale();
  } catch (error) {
    console.error(error.message);
    return 1;
  }
  return runJest(
    given.filter((argument) => argument !== mustFlag),
    environment,
  );
}

/** Runs jest with its usual output, then says in plain lines what came of it. Answers the exit code. */
async function runJest(jestArguments, environment) {
  const folder = mkdtempSync(join(tmpdir(), 'malipo-test-'));
  try {
    const results = join(folder, 'results.json');
    const reports = process.env.CONFORMANCE_REPORT ?? join(folder, 'conformance');
    const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
    const { status } = spawnSync(process.execPath, [jest, '--json', `--outputFile=${results}`, ...jestArguments], {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        ...environment,
        CONFORMANCE_REPORT: reports,
        NODE_OPTIONS:
          `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
      },
    });
    const summary = existsSync(results) ? summarise(JSON.parse(readFileSync(results, 'utf8'))) : undefined;
    if (summary !== undefined) console.log(summary);
    return status === 0 && !(await isMatrixCurrent(reports)) ? 1 : (status ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the capability matrix says what this run proved. A run without every conformance suite proves nothing. */
async function isMatrixCurrent(folder) {
  const writesIt = process.env.CONFORMANCE_REPORT !== undefined;
  const reports = writesIt ? undefined : readReports(folder);
  if (reports === undefined || (await isPageCurrent(reports))) return true;
  console.error(
    'docs/providers/capabilities.md is not what the conformance suite proved: npm run capabilities mends it.',
  );
  return false;
}

/**
 * The slowest files and one line of counts, or undefined where jest was only asked to list files.
 * A suite that could not even run counts as one failure: its tests are in no other number.
 */
function summarise({
  numPassedTests,
  numFailedTests,
  numRuntimeErrorTestSuites,
  numPendingTests,
  numTodoTests,
  testResults,
}) {
  if (numPassedTests === undefined) return undefined;
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return [
    ...slowest(testResults),
    `${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`,
  ].join('\n');
}

/** The files that a long run owes its length to, with their seconds; none where the run was short. */
function slowest(testResults) {
  return testResults
    .map(({ name, startTime, endTime }) => ({ name, seconds: Math.round((endTime - startTime) / 1000) }))
    .filter(({ seconds }) => seconds >= 10)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 15)
    .map(({ name, seconds }) => `${String(seconds).padStart(4)} s  ${relative(root, name)}`);
}
