import { spawnSync } from 'node:child_process';

const inPipeline = !['', 'false', '0', undefined].includes(process.env.CI);

/**
 * Tests that need a program of the machine, such as `php`. Without it they are reported as skipped; in a pipeline, where it
 * must be, as failed.
 */
export function describeWithProgram(program: string, name: string, tests: () => void): void {
  if (isThere(program)) describe(name, tests);
  else if (inPipeline) it(`${name}: ${program} must be installed`, () => expect(isThere(program)).toBe(true));
  else describe.skip(`${name} (${program} is not installed)`, tests);
}

/** Runs a program with this on its standard input and answers what it prints. Throws what it complains of. */
export function runProgram(program: string, parameters: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(program, [...parameters], { input, encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`${program} ended with ${String(status)}: ${stderr}`);
  return stdout;
}

function isThere(program: string): boolean {
  return spawnSync(program, [program === 'openssl' ? 'version' : '--version'], { stdio: 'ignore' }).status === 0;
}
