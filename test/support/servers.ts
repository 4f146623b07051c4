import { spawnSync } from 'node:child_process';

const inPipeline = !['', 'false', '0', undefined].includes(process.env.CI);

/**
 * Tests that need a server of MySQL or MariaDB (`TEST_MYSQL_URL`) and start a Redis of their own. Where one is missing they
 * are reported as skipped; in a pipeline, where both must be, they fail.
 */
export function describeOnServers(name: string, tests: () => void): void {
  const hasDatabase = !['', undefined].includes(process.env.TEST_MYSQL_URL);
  const hasRedis = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
  ((hasDatabase && hasRedis) || inPipeline ? describe : describe.skip)(name, tests);
}
