import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { ContestantProcess } from './contestant-process.js';
import { quantile, runLoad } from './load.js';
import { HELP, readOptions, type BenchOptions } from './options.js';
import { writeSection } from './page.js';
import { toSection, toTable, type Round, type Standing } from './report.js';

const mysqlUrl = process.env.TEST_MYSQL_URL || 'mysql://root@127.0.0.1:3306';
const options = readOptions(process.argv.slice(2), mysqlUrl);
if (options === 'help') process.stdout.write(HELP);
else await main(options);

async function main(given: BenchOptions): Promise<void> {
  const version = await findMysqlVersion(given.mysqlUrl);
  const contestants = given.contestants.filter(({ database }) => database === 'sqlite' || version !== undefined);
  if (contestants.length < given.contestants.length) {
    process.stderr.write(`No MySQL answers at ${new URL(given.mysqlUrl).host}: those on it are left out.\n`);
  }
  const profiling = given.profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${given.profileDir}`];
  const running: ContestantProcess[] = [];
  try {
    for (const contestant of contestants) {
      running.push(await ContestantProcess.start(contestant, given.mysqlUrl, profiling));
    }
    const standings = await compete(running, given);
    process.stdout.write(`\n${toTable(standings)}\n`);
    const date = new Date(Date.now()).toISOString().slice(0, 10);
    if (given.write) writeSection(toSection(standings, given, version ?? 'no MySQL', date));
  } finally {
    for (const contestant of running) await contestant.stop();
  }
}

/** Every contestant once a round. Every other round goes the other way, so that nobody always follows the same one. */
async function compete(running: readonly ContestantProcess[], given: BenchOptions): Promise<Standing[]> {
  const rounds = new Map<ContestantProcess, Round[]>(running.map((contestant) => [contestant, []]));
  let firstNumber = 1;
  const play = async (contestant: ContestantProcess, seconds: number): Promise<Round> => {
    const cpuBefore = await contestant.cpuUs();
    const result = await runLoad({
      baseUrl: contestant.baseUrl,
      apiKey: contestant.apiKey,
      connections: given.connections,
      durationMs: seconds * 1000,
      firstNumber,
    });
    firstNumber += result.accepted + result.refused;
    if (result.refused > 0) throw new Error(`${contestant.contestant.name} refused: ${result.firstRefusal ?? ''}`);
    return {
      perSecond: (result.accepted * 1000) / result.durationMs,
      p50Ms: quantile(result.latenciesMs, 0.5),
      p99Ms: quantile(result.latenciesMs, 0.99),
      cpuUs: ((await contestant.cpuUs()) - cpuBefore) / result.accepted,
    };
  };
  if (given.warmUpSeconds > 0) for (const contestant of running) await play(contestant, given.warmUpSeconds);
  for (let round = 0; round < given.rounds; round++) {
    const order = round % 2 === 0 ? running : [...running].reverse();
    for (const contestant of order) {
      const played = await play(contestant, given.seconds);
      rounds.get(contestant)?.push(played);
      const { perSecond, p50Ms, p99Ms, cpuUs } = played;
      process.stderr.write(
        `${round + 1}/${given.rounds} ${contestant.contestant.name}: ${perSecond.toFixed(0)}/s, ` +
          `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ${cpuUs.toFixed(0)} µs CPU each\n`,
      );
    }
  }
  return [...rounds].map(([{ contestant }, played]) => ({ contestant, rounds: played }));
}

async function findMysqlVersion(url: string): Promise<string | undefined> {
  try {
    const connection = await createConnection({ uri: url, connectTimeout: 3_000 });
    try {
      const [[facts]] = await connection.query<RowDataPacket[]>(
        'SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flush',
      );
      return `${String(facts?.version)}, innodb_flush_log_at_trx_commit=${String(facts?.flush)}`;
    } finally {
      await connection.end();
    }
  } catch {
    return undefined;
  }
}
