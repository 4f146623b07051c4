// `npm test`: every test that needs no server, and, where MySQL or MariaDB and Redis answer, the same suites against them.
// With CI set, or with --require-servers, both must answer; so must a server that TEST_MYSQL_URL or TEST_REDIS_URL names.
// Further arguments go to jest: `npm test -- libs/primitives`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWhenStale } from './build-when-stale.mjs';
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

/** Runs jest with its usual output, then says in one plain line what came of it. Answers the exit code. */
function runJest(jestArguments, environment) {
  const folder = mkdtempSync(join(tmpdir(), 'malipo-test-'));
  try {
    const results = join(folder, 'results.json');
    const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
    const { status } = spawnSync(process.execPath, [jest, '--json', `--outputFile=${results}`, ...jestArguments], {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        ...environment,
        NODE_OPTIONS:
          `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
      },
    });
    const summary = existsSync(results) ? summarise(JSON.parse(readFileSync(results, 'utf8'))) : undefined;
    if (summary !== undefined) console.log(summary);
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * One line, or undefined where jest was only asked to list files.
 * A suite that could not even run counts as one failure: its tests are in no other number.
 */
function summarise({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests }) {
  if (numPassedTests === undefined) return undefined;
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return `${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`;
}
