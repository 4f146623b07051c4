import { ManualTime } from '#libs/primitives';
import { CircuitBreaker, LOOK_AGAIN_MS, toRestMs } from './circuit-breaker.js';
import { toService, type Service } from './outcome-health.js';
import { LEAST_CALLS, SAMPLING_MS } from './recent-calls.js';

describe('A circuit breaker', () => {
  let time: ManualTime;
  let breaker: CircuitBreaker;

  beforeEach(() => {
    time = new ManualTime(1_000_000);
    breaker = new CircuitBreaker(time);
  });

  const call = async (...services: readonly Service[]): Promise<void> => {
    for (const service of services) {
      expect(breaker.restsUntil).toBeUndefined();
      expect(await breaker.run(() => Promise.resolve({ service, value: 1 }))).toEqual({ service, value: 1 });
    }
  };
  const times = (count: number, service: Service): Service[] => Array<Service>(count).fill(service);
  const open = async (): Promise<void> => {
    await call(...times(LEAST_CALLS, 'unavailable'));
    expect(breaker.restsUntil).toBe(time.now() + toRestMs(1));
  };

  it('opens from half of at least ten calls on, and tells of it once', async () => {
    await call(...times(LEAST_CALLS - 1, 'unavailable'));
    expect([breaker.restsUntil, breaker.takeOpening()]).toEqual([undefined, false]);
    await call('unavailable');
    expect([breaker.restsUntil !== undefined, breaker.takeOpening(), breaker.takeOpening()]).toEqual([
      true,
      true,
      false,
    ]);
    expect(breaker.figures).toEqual({ calls: LEAST_CALLS, failures: LEAST_CALLS });
  });

  it('stays closed while more than half of the calls are served', async () => {
    for (let round = 0; round < 20; round++) await call('served', 'served', 'unavailable');
    expect(breaker.restsUntil).toBeUndefined();
  });

  it('forgets what is older than the sampling time', async () => {
    await call(...times(LEAST_CALLS - 1, 'unavailable'));
    time.advance(SAMPLING_MS);
    await call('unavailable');
    expect(breaker.figures).toEqual({ calls: 1, failures: 1 });
  });

  it('does not count what tells nothing about the provider', async () => {
    await call(...times(50, 'tells_nothing'), ...times(LEAST_CALLS - 1, 'unavailable'));
    expect(breaker.figures.calls).toBe(LEAST_CALLS - 1);
  });

  it('rests by our clock, then lets one call through and makes the others wait for it', async () => {
    await open();
    time.advance(toRestMs(1) - 1);
    expect(breaker.restsUntil).toBe(time.now() + 1);
    time.advance(1);
    expect(breaker.restsUntil).toBeUndefined();
    let answer: (service: Service) => void = () => undefined;
    const trial = breaker.run(async () => ({
      service: await new Promise<Service>((resolve) => (answer = resolve)),
      value: 1,
    }));
    expect(breaker.restsUntil).toBe(time.now() + LOOK_AGAIN_MS);
    answer('served');
    await trial;
    expect(breaker.restsUntil).toBeUndefined();
    // What was before is forgotten: one more failure proves nothing.
    await call('unavailable');
    expect(breaker.restsUntil).toBeUndefined();
  });

  it('rests longer each time that the trial fails, two minutes at most', async () => {
    await open();
    const rests: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      time.advance((breaker.restsUntil ?? 0) - time.now());
      await call('unavailable');
      rests.push((breaker.restsUntil ?? 0) - time.now());
    }
    expect(rests).toEqual([20_000, 40_000, 60_000, 120_000, 120_000, 120_000, 120_000]);
  });

  it('does not swallow what the work throws', async () => {
    await expect(breaker.run(() => Promise.reject(new Error('the database is away')))).rejects.toThrow('away');
    expect([breaker.restsUntil, breaker.figures.calls]).toEqual([undefined, 0]);
  });
});

describe('What a submit tells about its provider', () => {
  it.each([
    [{ kind: 'accepted', references: {} }, 'served'],
    [{ kind: 'completed', references: {}, report: { kind: 'pending' } }, 'served'],
    [{ kind: 'rejected', reason: 'insufficient_funds' }, 'served'],
    [{ kind: 'rejected', reason: 'invalid_recipient' }, 'served'],
    [{ kind: 'rejected', reason: 'provider_unavailable' }, 'unavailable'],
    [{ kind: 'rejected', reason: 'provider_misconfigured' }, 'tells_nothing'],
    [{ kind: 'deferred', cause: 'maintenance' }, 'unavailable'],
    [{ kind: 'unknown', cause: 'no answer' }, 'unavailable'],
  ] as const)('%j: %s', (outcome, service) => expect(toService(outcome)).toBe(service));
});
