// A contestant as a process of its own: `bench/deliveries/main.ts` forks this file and talks to it over IPC.
import { setTimeout as sleep } from 'node:timers/promises';
import { getContestant } from './contestants.js';
import type { DelivererPlace } from './deliverer.js';

/** What the parent asks for; each question is answered once, when it is done. */
export type Question =
  | { readonly ask: 'load'; readonly count: number }
  | { readonly ask: 'drain' }
  | { readonly ask: 'stream'; readonly perSecond: number; readonly seconds: number }
  | { readonly ask: 'close' };

/** How long it took, and the processor time of it. */
export interface Reply {
  readonly durationMs: number;
  readonly cpuUs: number;
}

const STEP_MS = 50;

const [name = '', place = ''] = process.argv.slice(2);
const deliverer = await getContestant(name).start(JSON.parse(place) as DelivererPlace);

async function answer(question: Question): Promise<void> {
  if (question.ask === 'load') await deliverer.load(question.count);
  else if (question.ask === 'drain') await deliverer.drain();
  else if (question.ask === 'stream') await stream(question.perSecond, question.seconds);
  else await deliverer.close();
}

/** A steady stream of events, of which one in ten goes to an endpoint that never answers. */
async function stream(perSecond: number, seconds: number): Promise<void> {
  await deliverer.killOne?.();
  deliverer.run?.();
  const endsAt = performance.now() + seconds * 1_000;
  while (performance.now() < endsAt) {
    const nextAt = performance.now() + STEP_MS;
    await deliverer.announce?.((perSecond * STEP_MS) / 1_000);
    await sleep(Math.max(0, nextAt - performance.now()));
  }
  await sleep(2_000);
}

process.on('message', (question: Question) => {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  void answer(question).then(() => {
    const { user, system } = process.cpuUsage(before);
    process.send?.({ durationMs: performance.now() - startedAt, cpuUs: user + system });
    if (question.ask === 'close') process.exit(0);
  });
});
// The parent is gone: so is the reason to be here.
process.on('disconnect', () => process.exit(1));
process.send?.({ durationMs: 0, cpuUs: 0 });
