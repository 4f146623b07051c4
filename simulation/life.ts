import type { World } from './world.js';

/** Lets time pass until something is done. For what needs nothing but the gateway itself. */
export async function runUntil<T>(world: World, work: Promise<T>): Promise<T> {
  const progress = { over: false };
  const done = work.finally(() => (progress.over = true));
  await world.settle();
  while (!progress.over) {
    if (!(await world.calendar.happen())) {
      const next = world.calendar.nextAt() ?? world.calendar.nextPatientAt();
      if (next === undefined) throw new Error('Nothing is going to happen any more, and it is not done.');
      world.calendar.jumpTo(next);
    }
    await world.settle();
    world.throwFailure();
  }
  return done;
}
