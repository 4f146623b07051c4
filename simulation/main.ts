import { parseArgs } from 'node:util';
import { FAULTS, isFaultKind } from './faults.js';
import { play, type RunResult } from './run.js';
import { Stage } from './stage.js';
import { Summary } from './summary.js';

const HELP = `npm run simulate -- [options]

Plays seeded stories of payments against the real gateway, with everything going wrong that may, and checks after every
step that no promise about money is broken. The same seed tells the same story, byte for byte.

  --seed <text>   the first seed (default 1); further runs take the numbers after it
  --runs <n>      how many runs (default 20)
  --with <faults> kinds of fault, separated by commas, that every run has, and often (see --faults)
  --verbose       print the story of every run
  --hashes        print seed and hash of every run: the proof that two runs were the same
  --faults        list everything that can go wrong, and end
  --help          this text

Ends with 0 where every promise held, with 1 at the first one broken: then it prints seed, step and story.
`;

/** The command. Answers the exit code. */
async function main(parameters: readonly string[]): Promise<number> {
  const options = readOptions(parameters);
  if (typeof options === 'string') return complain(options);
  if (options.help) return print(HELP);
  if (options.faults) return print(describeFaults());
  const summary = new Summary();
  const stage = await Stage.build();
  // Ctrl-C in the middle of many runs must leave no folder behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  process.once('exit', () => stage.strike());
  try {
    for (const seed of toSeeds(options.seed, options.runs)) {
      const result = await play(stage, seed, { certain: options.certain });
      summary.add(result);
      if (options.hashes) print(`${seed} ${result.hash}\n`);
      if (options.verbose) print(`— seed ${seed}\n${result.story.join('\n')}\n\n`);
      if (result.violation) return report(result, options.certain);
    }
    print(summary.toString());
    return 0;
  } finally {
    stage.strike();
  }
}

function readOptions(parameters: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        seed: { type: 'string', default: '1' },
        runs: { type: 'string', default: '20' },
        with: { type: 'string', default: '' },
        verbose: { type: 'boolean', default: false },
        hashes: { type: 'boolean', default: false },
        faults: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const runs = Number(values.runs);
    if (!Number.isInteger(runs) || runs < 1 || runs > 1_000_000)
      return '--runs takes a whole number from 1 to 1000000.';
    const named = values.with.split(',').filter((kind) => kind !== '');
    const certain = named.filter(isFaultKind);
    if (certain.length < named.length) return '--with takes kinds of fault that --faults lists.';
    return { ...values, runs, certain };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Numbers count up; any other text is one seed, and has its runs numbered. */
export function toSeeds(first: string, runs: number): string[] {
  const number = /^\d{1,15}$/.test(first) ? Number(first) : undefined;
  return Array.from({ length: runs }, (_, index) => {
    if (number !== undefined) return String(number + index);
    return index === 0 ? first : `${first}/${String(index)}`;
  });
}

const STORY_END = 60;

function report({ seed, steps, story, violation }: RunResult, certain: readonly string[]): number {
  const left = story.length > STORY_END ? `… ${String(story.length - STORY_END)} lines before, with --verbose\n` : '';
  print(`${left}${story.slice(-STORY_END).join('\n')}\n\n`);
  print(`BROKEN in seed ${seed}, step ${String(steps)}: ${violation?.message ?? ''}\n`);
  print(
    `Play it again: npm run simulate -- --seed ${seed} --runs 1${certain.length > 0 ? ` --with ${certain.join()}` : ''} --verbose\n`,
  );
  return 1;
}

function describeFaults(): string {
  return Object.entries(FAULTS)
    .map(([kind, { moment, tells }]) => `${moment.padEnd(9)} ${kind.padEnd(24)} ${tells}\n`)
    .join('');
}

function complain(text: string): number {
  process.stderr.write(`${text}\n\n${HELP}`);
  return 2;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
