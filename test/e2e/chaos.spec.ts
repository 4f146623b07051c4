import { setTimeout as sleep } from 'node:timers/promises';
import { CHAOS_ROLES, ChaosStage, createDraws, type ChaosEnd } from '../support/chaos.js';
import { describeOnServers } from '../support/servers.js';

// `npm run chaos -- --minutes N --seed S` sets these; without them, one short round.
const MINUTES = Number(process.env.CHAOS_MINUTES ?? 0);
const SEED = Number(process.env.CHAOS_SEED ?? 20_261_122);

const COLLECTIONS = 100;
const KILLS = 8;
const CUSTOMERS_AT_ONCE = 10;
const LIMIT_MS = 400_000 + MINUTES * 60_000;

describeOnServers('One API and two workers, each a process of its own', () => {
  let stage: ChaosStage;

  afterEach(() => stage.close(), 60_000);

  it('collect from 100 customers: all of them pay, once', async () => {
    stage = await ChaosStage.start({ timeFactor: 1 });
    await collect({ round: 0, mayStart: () => true });
    const ends = await stage.judge();
    expect(ends).toHaveLength(COLLECTIONS);
    const others = ends.filter(({ status, movements }) => status !== 'succeeded' || movements !== 1);
    if (others.length > 0) throw new Error(others.map(tell).join('\n\n'));
  }, 300_000);

  it(
    'move no money twice, and tell no lie about it, however they are killed',
    async () => {
      // The lease of a worker that was killed ends after ten seconds.
      stage = await ChaosStage.start({ timeFactor: 6 });
      const draw = createDraws(SEED);
      const endsAt = performance.now() + MINUTES * 60_000;
      for (let round = 0; round === 0 || performance.now() < endsAt; round++) {
        await survive(round, draw);
        const ends = await stage.judge();
        expect(ends).toHaveLength((round + 1) * COLLECTIONS);
        const lies = ends.filter((end) => !isHonest(end));
        if (lies.length > 0) throw new Error(`Seed ${SEED}, round ${round}:\n${lies.map(tell).join('\n\n')}`);
        process.stdout.write(`Chaos, seed ${SEED}, round ${round}: ${count(ends)}\n`);
      }
    },
    LIMIT_MS,
  );

  /** Customers come as the kills go on, so that each process dies under work. */
  async function survive(round: number, draw: () => number): Promise<void> {
    let kills = 0;
    // Answers that take a while: a process may die while it waits for one.
    await stage.setFaults({ slowAnswer: '30%', slowAnswerMs: 150, ...toOutcomes(round) });
    const collecting = collect({ round, mayStart: (number) => kills >= Math.floor((number * KILLS) / COLLECTIONS) });
    for (; kills < KILLS; kills++) {
      await sleep(200 + draw() * 600);
      const role = CHAOS_ROLES[Math.floor(draw() * CHAOS_ROLES.length)]!;
      await stage.kill(role);
      if (draw() < 0.25) await stage.flushRedis();
      await sleep(draw() * 500);
      await stage.revive(role);
    }
    await collecting;
  }

  async function collect(plan: { round: number; mayStart: (number: number) => boolean }): Promise<void> {
    let next = 0;
    const customer = async () => {
      for (let number = next++; number < COLLECTIONS; number = next++) {
        while (!plan.mayStart(number)) await sleep(20);
        await stage.collect(`CHAOS-${plan.round}-${number}`, toPhone(plan.round, number));
      }
    };
    await Promise.all(Array.from({ length: CUSTOMERS_AT_ONCE }, customer));
  }
});

// To the simulator the last six digits of a number can mean a result code: not these.
function toPhone(round: number, number: number): string {
  return `+254${711_310_000 + round * COLLECTIONS + number}`;
}

/** Every fifth customer says no, and every seventh has no money. */
function toOutcomes(round: number): { outcomeByPhone: Record<string, string> } {
  const outcomes = Array.from({ length: COLLECTIONS }, (_, number): [string, string][] => {
    const outcome = number % 5 === 4 ? 'cancel' : number % 7 === 6 ? '1' : undefined;
    return outcome === undefined ? [] : [[toPhone(round, number).slice(1), outcome]];
  });
  return { outcomeByPhone: Object.fromEntries(outcomes.flat()) };
}

/** What is said of a transaction, beside what the provider's book says. Doubt may have moved money, at most once. */
function isHonest({ status, reason, movements }: ChaosEnd): boolean {
  switch (status) {
    case 'succeeded':
      return movements === 1;
    case 'failed':
    case 'cancelled':
    case 'expired':
      return movements === 0;
    case 'unconfirmed':
    case 'review':
      return movements <= 1 && reason !== null;
    default:
      return false;
  }
}

function count(ends: readonly ChaosEnd[]): string {
  const counts = new Map<string, number>();
  for (const { status, reason } of ends) {
    const word = reason === null || status === 'succeeded' ? status : `${status} (${reason})`;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, times]) => `${times} ${word}`).join(', ');
}

function tell({ id, status, movements, story }: ChaosEnd): string {
  return [`${id} is ${status}, and the book has ${movements} movements of it:`, ...story].join('\n  ');
}
