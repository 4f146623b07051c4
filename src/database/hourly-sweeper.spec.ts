import { setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ManualTime } from '#libs/primitives';
import { HourlySweeper, type SweeperDeps } from './hourly-sweeper.js';

const HOUR_MS = 60 * 60_000;

class CountingSweeper extends HourlySweeper {
  swept = 0;
  onSweep: () => Promise<void> = () => Promise.resolve();

  constructor(deps: SweeperDeps) {
    super(deps, 'Test', 'Old things');
  }

  protected sweep(): Promise<void> {
    this.swept++;
    return this.onSweep();
  }
}

describe('HourlySweeper', () => {
  let time: ManualTime;
  const database = { write: (work: (tx: never) => Promise<unknown>) => work(undefined as never) };
  const start = (role: SweeperDeps['settings']['role']) => {
    const sweeper = new CountingSweeper({
      database: database as SweeperDeps['database'],
      scheduler: time,
      settings: { role },
    });
    sweeper.onApplicationBootstrap();
    return sweeper;
  };
  const pass = async (durationMs: number) => {
    time.advance(durationMs);
    await turn();
  };

  beforeEach(() => {
    Logger.overrideLogger(false);
    time = new ManualTime(0);
  });

  it.each(['all', 'worker'] as const)('sweeps every hour where the role is %s', async (role) => {
    const sweeper = start(role);
    await pass(HOUR_MS - 1);
    expect(sweeper.swept).toBe(0);
    await pass(1);
    await pass(HOUR_MS);
    expect(sweeper.swept).toBe(2);
  });

  it('leaves it to the workers where the role is api', async () => {
    const sweeper = start('api');
    await pass(HOUR_MS);
    expect([sweeper.swept, time.nextTimerAt()]).toEqual([0, undefined]);
  });

  it('tries again in an hour after a failure', async () => {
    const sweeper = start('worker');
    sweeper.onSweep = () => Promise.reject(new Error('The database is away.'));
    await pass(HOUR_MS);
    await pass(HOUR_MS);
    expect(sweeper.swept).toBe(2);
  });

  it('plans nothing any more once the gateway stops, even in the middle of a sweep', async () => {
    const sweeper = start('worker');
    let finish: () => void = () => undefined;
    sweeper.onSweep = () => new Promise((resolve) => (finish = resolve));
    await pass(HOUR_MS);
    sweeper.onApplicationShutdown();
    finish();
    await turn();
    expect([sweeper.swept, time.nextTimerAt()]).toEqual([1, undefined]);
  });
});
