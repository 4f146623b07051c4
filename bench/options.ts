import { parseArgs } from 'node:util';
import { CONTESTANTS, getContestant, type Contestant } from './servers/contestants.js';

/** What `npm run bench -- …` was asked for. */
export interface BenchOptions {
  readonly contestants: readonly Contestant[];
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  /** Write its section of docs/benchmarks.md. */
  readonly write: boolean;
  /** Where each server leaves a CPU profile; undefined: none. */
  readonly profileDir: string | undefined;
  readonly mysqlUrl: string;
}

export const HELP = `npm run bench -- [options]

  --only a,b        contestants: ${CONTESTANTS.map(({ name }) => name).join(', ')}
                    (all of them; those on MySQL only where TEST_MYSQL_URL or 127.0.0.1:3306 answers)
  --seconds 10      of each round and contestant
  --rounds 3        each contestant once a round, in turn; medians are shown
  --connections 64  kept busy at once
  --warm-up 3       seconds before the first round
  --profile dir     leave a CPU profile of each server there
  --write           write its section of docs/benchmarks.md
`;

/** Reads the command line. Throws where it says what nobody knows. */
export function readOptions(given: readonly string[], mysqlUrl: string): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...given],
    options: {
      only: { type: 'string' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '64' },
      'warm-up': { type: 'string', default: '3' },
      profile: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    contestants: values.only === undefined ? CONTESTANTS : values.only.split(',').map(getContestant),
    seconds: readNumber('--seconds', values.seconds, 0.1),
    rounds: readNumber('--rounds', values.rounds, 1),
    connections: readNumber('--connections', values.connections, 1),
    warmUpSeconds: readNumber('--warm-up', values['warm-up'], 0),
    write: values.write,
    profileDir: values.profile,
    mysqlUrl,
  };
}

function readNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < least) throw new Error(`${name} takes a number of at least ${least}.`);
  return number;
}
