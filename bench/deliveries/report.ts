import type { Section } from '../page.js';
import { median, toMachine } from '../report.js';
import type { Contestant } from './contestants.js';

/** One contestant in one round. */
export interface DeliveryRound {
  readonly perSecond: number;
  /** Processor time of its process for each message; a database's own is not in it. */
  readonly cpuUs: number;
}

/** All rounds of one contestant. */
export interface DeliveryStanding {
  readonly contestant: Pick<Contestant, 'name' | 'title'>;
  readonly rounds: readonly DeliveryRound[];
}

/** How long messages took while one endpoint in ten was dead. */
export interface StreamResult {
  readonly title: string;
  readonly perSecond: number;
  /** Messages that came to the nine endpoints that live. */
  readonly arrived: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The comparison as a Markdown table: medians over the rounds, ratios round by round to the first contestant. */
export function toTable(standings: readonly DeliveryStanding[]): string {
  const [floor] = standings;
  const rows = standings.map(({ contestant, rounds }) => {
    const ratios = rounds.map((round, index) => round.perSecond / (floor?.rounds[index]?.perSecond ?? NaN));
    return [
      contestant.title,
      Math.round(median(rounds.map(({ perSecond }) => perSecond))).toLocaleString('en'),
      median(ratios).toFixed(2),
      Math.round(median(rounds.map(({ cpuUs }) => cpuUs))).toLocaleString('en'),
    ];
  });
  return toLines([['deliverer', 'deliveries/s', '× floor', 'CPU µs each'], ...rows]);
}

function toStreamTable(streams: readonly StreamResult[]): string {
  const rows = streams.map(({ title, perSecond, arrived, p50Ms, p99Ms }) => [
    title,
    String(perSecond),
    arrived.toLocaleString('en'),
    `${p50Ms.toFixed(0)} / ${p99Ms.toFixed(0)}`,
  ]);
  return toLines([['deliverer', 'events/s', 'arrived', 'p50 / p99 ms'], ...rows]);
}

function toLines([head = [], ...rows]: readonly string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the page says of deliveries. */
export function toSection(
  standings: readonly DeliveryStanding[],
  streams: readonly StreamResult[],
  { count, rounds, rate, seconds }: { count: number; rounds: string; rate: string; seconds: string },
  date: string,
): Section {
  const text = `How many webhooks a second are claimed, signed, sent to a receiver on the same machine and acknowledged durably, beside a
deliverer that was written by hand and keeps nothing (\`bench/deliveries/floor.ts\`). Written by \`npm run bench -- deliveries --count ${count} --rounds ${rounds} --rate ${rate} --seconds ${seconds} --write\` on ${date}.

${toTable(standings)}

**Method.** ${count.toLocaleString('en')} messages of about 1 kB lie ready; the clock runs from the start of the workers until the last one is
acknowledged: for Malipo until its delivery row says so and its job is gone, both committed and synced; for the floor until
Bull calls the job completed. Ten endpoints, one sink, one process for each deliverer; ${rounds} rounds in turn after one that
only warms up, medians, ratios round by round. The sink shares the machine.

### From the event to the first attempt, one endpoint in ten dead

${toStreamTable(streams)}

**Method.** ${rate} events a second for ${seconds} s, to ten endpoints in turn, of which one takes requests and never answers. Measured from
the moment the event is made, before its commit, to the arrival at one of the nine others.

${toMachine()}.
`;
  return { heading: 'Webhook deliveries', text };
}
