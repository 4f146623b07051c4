// `npm run chaos -- --minutes N --payouts N --seed S`: kills an API and two workers at random and compares what they say with the
// provider's book: collections for N minutes (1 unless said), or so many payouts whose answers and Results are lost as well. Needs
// MySQL or MariaDB, and redis-server; see test/e2e/chaos.spec.ts.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    payouts: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(randomInt(1e9)) },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (/^\d{1,9}$/.test(value)) continue;
  process.stderr.write(`--${name} ${value} is no whole number.\nUsage: npm run chaos -- --minutes 10 --seed 1\n`);
  process.exit(2);
}
const pays = values.payouts !== '0';
process.stdout.write(
  `Chaos ${pays ? `over ${values.payouts} payouts` : `for ${values.minutes} min`} with --seed ${values.seed}\n`,
);
// The seed repeats which process dies when; what it was doing then is up to the machine.
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL('test.mjs', import.meta.url)),
    'test/e2e/chaos.spec.ts',
    '-t',
    pays ? 'pay nobody twice' : 'move no money twice',
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      CHAOS_MINUTES: values.minutes,
      CHAOS_SEED: values.seed,
      ...(pays && { CHAOS_PAYOUTS: values.payouts }),
    },
  },
);
process.exitCode = status ?? 1;
