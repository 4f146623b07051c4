import { cpus, totalmem } from 'node:os';
import type { BenchOptions } from './options.js';
import type { Section } from './page.js';
import type { Contestant } from './servers/contestants.js';

/** One contestant in one round. */
export interface Round {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the server for each accepted request; the database's own is not in it. */
  readonly cpuUs: number;
}

/** All rounds of one contestant. */
export interface Standing {
  readonly contestant: Contestant;
  readonly rounds: readonly Round[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The comparison as a Markdown table: medians over the rounds, ratios to the first contestant on the same database. */
export function toTable(standings: readonly Standing[]): string {
  const rows = standings.map(({ contestant, rounds }) => {
    const floor = standings.find((other) => other.contestant.database === contestant.database);
    const of = (field: keyof Round) => median(rounds.map((round) => round[field]));
    // Round by round, then the median: what slows the machine for a while slows neighbours in a round alike.
    const ratios = rounds.map((round, index) => round.perSecond / (floor?.rounds[index]?.perSecond ?? NaN));
    const tails = rounds.map((round, index) => round.p99Ms / (floor?.rounds[index]?.p99Ms ?? NaN));
    return [
      contestant.database === 'mysql' ? 'MySQL' : 'SQLite',
      contestant.title,
      Math.round(of('perSecond')).toLocaleString('en'),
      median(ratios).toFixed(2),
      `${of('p50Ms').toFixed(1)} / ${of('p99Ms').toFixed(1)}`,
      median(tails).toFixed(2),
      Math.round(of('cpuUs')).toLocaleString('en'),
    ];
  });
  const head = ['database', 'server', 'accepted/s', '× floor', 'p50 / p99 ms', 'p99 × floor', 'server CPU µs each'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the page says of requests. */
export function toSection(
  standings: readonly Standing[],
  { seconds, rounds, connections, warmUpSeconds }: BenchOptions,
  databaseVersion: string,
  date: string,
): Section {
  const text = `How many collections a second are accepted durably. Written by \`npm run bench -- --seconds ${seconds} --rounds ${rounds} --connections ${connections} --warm-up ${warmUpSeconds} --write\`
on ${date}.

${toTable(standings)}

**What each request costs everybody:** the look-up of its API key, validation, and then, durably before the 201: the
idempotency record, the transaction, its first event and the job that sends it. Malipo writes four rows more, and looks
up what they need: the reference that is unique for ever, two guards of the phone, and the job that expires it; the row
"every row that the gateway writes" is the floor with those. All are on the tables of Malipo's own migrations.

**Method.** ${connections} connections, each with one request at a time; ${rounds} rounds of ${seconds} s, each contestant once a round in turn, the order turned
around every other round, after ${warmUpSeconds} s of warm-up; medians. The load comes from one thread on the same machine. Each server is one
process with a database of its own. References, phones and idempotency keys are unique. Workers rest: what they do is
another measure. A ratio is taken round by round against the floor on the same database, then the median of those.

${toMachine()}; ${databaseVersion}.
`;
  return { heading: 'POST /v1/collections, accepted durably', text };
}

/** What it ran on, without a full stop. */
export function toMachine(): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `**Machine.** ${cpus().length} × ${cpu?.model ?? 'unknown'}, ${memory}, Node ${process.version}, ${process.platform}`;
}
