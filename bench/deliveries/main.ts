import { parseArgs } from 'node:util';
import { CONTESTANTS, getContestant } from './contestants.js';
import { writeSection } from '../page.js';
import { toSection, toTable, type DeliveryRound, type DeliveryStanding, type StreamResult } from './report.js';
import { isThere, Running, type Servers } from './running.js';
import { Sink } from './sink.js';

const HELP = `npm run bench -- deliveries [options]

  --only a,b        contestants: ${CONTESTANTS.map(({ name }) => name).join(', ')}
  --count 10000     messages of each round and contestant
  --rounds 3        each contestant once a round, in turn; medians are shown
  --rate 200        events a second of the stream, of which one in ten goes to a dead endpoint
  --seconds 10      of the stream
  --profile dir     leave a CPU profile of each process there
  --write           write its section of docs/benchmarks.md
`;

const { values: given } = parseArgs({
  args: process.argv.slice(2),
  options: {
    only: { type: 'string' },
    count: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    profile: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const servers: Servers = {
  mysqlUrl: process.env.TEST_MYSQL_URL || 'mysql://root@127.0.0.1:3306',
  redisUrl: process.env.TEST_REDIS_URL || 'redis://127.0.0.1:6379',
  profileDir: given.profile,
};

if (given.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const chosen = given.only === undefined ? CONTESTANTS : given.only.split(',').map(getContestant);
  const sink = await Sink.start();
  const running: Running[] = [];
  try {
    for (const contestant of chosen) {
      if (await isThere(contestant, servers)) running.push(await Running.start(contestant, sink.baseUrl, servers));
      else process.stderr.write(`${contestant.name} is left out: its server does not answer.\n`);
    }
    const standings = await compete(running, sink);
    const streams: StreamResult[] = [];
    for (const one of running.filter(({ contestant }) => contestant.name !== 'floor')) {
      streams.push(await stream(one, sink));
    }
    process.stdout.write(`\n${toTable(standings)}\n\n${JSON.stringify(streams, undefined, 2)}\n`);
    const options = { ...given, count: Number(given.count) };
    if (given.write) writeSection(toSection(standings, streams, options, new Date().toISOString().slice(0, 10)));
  } finally {
    // First the sink: what hangs there ends at once.
    await sink.close();
    for (const one of running) await one.stop();
  }
}

/** Every contestant once a round, the order turned around every other round; the first round only warms up. */
async function compete(running: readonly Running[], sink: Sink): Promise<DeliveryStanding[]> {
  const rounds = new Map<Running, DeliveryRound[]>(running.map((one) => [one, []]));
  const count = Number(given.count);
  for (let round = 0; round <= Number(given.rounds); round++) {
    const size = round === 0 ? Math.ceil(count / 5) : count;
    for (const one of round % 2 === 0 ? running : [...running].reverse()) {
      await one.ask({ ask: 'load', count: size });
      sink.reset();
      const { durationMs, cpuUs } = await one.ask({ ask: 'drain' });
      if (sink.count < size) throw new Error(`${one.contestant.name} delivered ${sink.count} of ${size}.`);
      const played = { perSecond: (size * 1_000) / durationMs, cpuUs: cpuUs / size };
      if (round > 0) rounds.get(one)?.push(played);
      process.stderr.write(
        `${round}/${given.rounds} ${one.contestant.name}: ${played.perSecond.toFixed(0)}/s, ${played.cpuUs.toFixed(0)} µs CPU each\n`,
      );
    }
  }
  return [...rounds].map(([{ contestant }, played]) => ({ contestant, rounds: played }));
}

async function stream(one: Running, sink: Sink): Promise<StreamResult> {
  sink.reset();
  const perSecond = Number(given.rate);
  await one.ask({ ask: 'stream', perSecond, seconds: Number(given.seconds) });
  const sorted = [...sink.latenciesMs].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { title: one.contestant.title, perSecond, arrived: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
