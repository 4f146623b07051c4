import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAULTS, type FaultKind } from '../simulation/faults.js';
import { play, type RunResult } from '../simulation/run.js';
import { SABOTAGES, type SabotageName } from '../simulation/sabotages.js';
import { Stage } from '../simulation/stage.js';

/** The seeds that every change must pass; `npm run simulate` plays as many others as one likes. */
// In 36 an early refusal is read long after it was given, by a process that stood still in between.
const SEEDS = [...Array.from({ length: 10 }, (_, index) => String(index + 1)), '36'];
/** Each broken engine must be found within so many seeds, if the faults that it mishandles are there. */
const SABOTAGE_SEEDS = 5;
const MISHANDLED: Readonly<Record<SabotageName, readonly FaultKind[]>> = {
  silenceIsRefusal: ['answer_lost'],
  resendsOnSilence: ['answer_lost'],
  noticeIsFailure: ['queue_notice'],
  believesCallbacks: ['forged_success'],
  believesEarlyRefusals: ['query_premature'],
  neverInquires: [],
  goesOnBeforeCommit: [],
  forgetsWebhooks: [],
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));

describe('The fault simulation', () => {
  let stage: Stage;
  const results = new Map<string, RunResult>();

  beforeAll(async () => {
    stage = await Stage.build();
  });

  afterAll(() => stage.strike());

  it.each(SEEDS)('keeps every promise about money in seed %s', async (seed) => {
    const result = await play(stage, seed);
    results.set(seed, result);
    // The story first: it is what one needs where this fails.
    expect(result.violation === undefined ? [] : [...result.story, result.violation.message]).toEqual([]);
    expect(result.audits).toBeGreaterThan(0);
  });

  it('plays a variety of faults and outcomes in those seeds', () => {
    const struck = new Set([...results.values()].flatMap(({ faults }) => [...faults.keys()]));
    const outcomes = new Set([...results.values()].flatMap((result) => [...result.outcomes.keys()]));
    expect(struck.size).toBeGreaterThan(Object.keys(FAULTS).length / 2);
    expect([...outcomes]).toEqual(expect.arrayContaining(['succeeded', 'failed', 'expired']));
    expect([...results.values()].some(({ lives }) => lives > 1)).toBe(true);
  });

  it('tells the same story for the same seed, and another for another', async () => {
    const again = await play(stage, '3');
    expect(again.story).toEqual(results.get('3')?.story);
    expect(again.hash).toBe(results.get('3')?.hash);
    expect(again.hash).not.toBe(results.get('4')?.hash);
  });

  it('tells the same story in another process, whoever compiled it', () => {
    const command = join(root, 'dist', 'simulation', 'main.js');
    const options = { encoding: 'utf8', timeout: 120_000, env: { ...process.env, NODE_OPTIONS: '' } } as const;
    const output = execFileSync(process.execPath, [command, '--seed', '2', '--runs', '2', '--hashes'], options);
    expect(output).toContain(`2 ${String(results.get('2')?.hash)}\n3 ${String(results.get('3')?.hash)}\n`);
    expect(output).toContain('Every promise held.');
  });

  it.each(Object.keys(MISHANDLED) as SabotageName[])('sees an engine that is broken: %s', async (name) => {
    for (let seed = 1; seed <= SABOTAGE_SEEDS; seed++) {
      const { violation } = await play(stage, String(seed), { sabotage: SABOTAGES[name], certain: MISHANDLED[name] });
      if (violation) return;
    }
    throw new Error(`${name} went unnoticed in ${String(SABOTAGE_SEEDS)} seeds.`);
  });
});
