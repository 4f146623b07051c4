// `npm run chaos -- --minutes N --seed S`: kills an API and two workers at random for N minutes (1 unless said) and compares
// what they say with the provider's book after every round. Needs MySQL or MariaDB, and redis-server; see test/e2e/chaos.spec.ts.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: String(randomInt(1e9)) } },
});
for (const [name, value] of Object.entries(values)) {
  if (/^\d{1,9}$/.test(value)) continue;
  process.stderr.write(`--${name} ${value} is no whole number.\nUsage: npm run chaos -- --minutes 10 --seed 1\n`);
  process.exit(2);
}
process.stdout.write(`Chaos for ${values.minutes} min with --seed ${values.seed}\n`);
// The seed repeats which process dies when; what it was doing then is up to the machine.
const { status } = spawnSync(
  process.execPath,
  [fileURLToPath(new URL('test.mjs', import.meta.url)), 'test/e2e/chaos.spec.ts', '-t', 'however they are killed'],
  { stdio: 'inherit', env: { ...process.env, CHAOS_MINUTES: values.minutes, CHAOS_SEED: values.seed } },
);
process.exitCode = status ?? 1;
