import fc from 'fast-check';
import type { RecentAttempt } from '../transactions/recent-attempts.js';
import { combineHealth, isTroubled, judgeHealth, weigh, type Health } from './method-health.js';

const attempt = (given: Partial<RecentAttempt>): RecentAttempt => ({
  provider: 'mpesa',
  providerAccountId: 'pac_1',
  method: 'mpesa_ke',
  kind: 'collection',
  verdict: null,
  status: 'pending',
  failureCode: null,
  doubtReason: null,
  ...given,
});

describe('What an attempt tells about its provider', () => {
  it.each<[string, Partial<RecentAttempt>, boolean | undefined]>([
    ['it took it', { status: 'pending' }, false],
    ['it is just being sent', { status: 'submitting' }, undefined],
    ['it was paid', { verdict: 'succeeded', status: 'succeeded' }, false],
    ['the customer had no money', { verdict: 'failed', status: 'failed', failureCode: 'insufficient_funds' }, false],
    ['the customer never answered', { verdict: 'expired', status: 'expired' }, false],
    ['it refused the number', { verdict: 'rejected', status: 'failed', failureCode: 'invalid_recipient' }, false],
    ['it was not available', { verdict: 'rejected', status: 'failed', failureCode: 'provider_unavailable' }, true],
    ['wrong credentials', { verdict: 'rejected', status: 'failed', failureCode: 'provider_misconfigured' }, undefined],
    ['it could not be reached', { verdict: 'deferred', status: 'created' }, true],
    ['its answer was lost', { status: 'unconfirmed', doubtReason: 'answer_lost' }, true],
    ['our worker died', { status: 'unconfirmed', doubtReason: 'worker_lost' }, undefined],
    ['it never told', { status: 'review', doubtReason: 'exhausted' }, true],
    ['it contradicted itself', { status: 'review', doubtReason: 'contradiction' }, undefined],
  ])('%s', (_, given, troubled) => expect(isTroubled(attempt(given))).toBe(troubled));
});

describe('The health of a method', () => {
  it.each<[number, number, Health]>([
    [0, 0, 'operational'],
    [1, 1, 'operational'],
    [2, 2, 'operational'],
    [3, 3, 'down'],
    [20, 2, 'operational'],
    [20, 3, 'degraded'],
    [20, 15, 'degraded'],
    [20, 16, 'down'],
    [20, 20, 'down'],
  ])('of %i attempts with %i troubled is %3$s', (attempts, troubled, health) =>
    expect(judgeHealth({ attempts, troubled })).toBe(health),
  );

  it('never gets better by more trouble', () => {
    const order: Health[] = ['operational', 'degraded', 'down'];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 19 }), (attempts, troubled) => {
        fc.pre(troubled < attempts);
        const [less, more] = [troubled, troubled + 1].map((count) =>
          order.indexOf(judgeHealth({ attempts, troubled: count })),
        );
        return less !== undefined && more !== undefined && less <= more;
      }),
    );
  });

  it('looks at the newest twenty that tell something', () => {
    const good = attempt({ status: 'pending' });
    const lost = attempt({ status: 'unconfirmed', doubtReason: 'answer_lost' });
    const mute = attempt({ status: 'submitting' });
    const recovered = [mute, ...Array<RecentAttempt>(20).fill(good), ...Array<RecentAttempt>(50).fill(lost)];
    expect(weigh(recovered)).toEqual({ attempts: 20, troubled: 0 });
    expect(weigh([mute, lost, good])).toEqual({ attempts: 2, troubled: 1 });
  });

  it.each<[Health[], Health]>([
    [[], 'operational'],
    [['down'], 'down'],
    [['down', 'down'], 'down'],
    [['operational', 'operational'], 'operational'],
    [['down', 'operational'], 'degraded'],
    [['operational', 'degraded'], 'degraded'],
  ])('of providers that are %j is %s', (healths, health) => expect(combineHealth(healths)).toBe(health));
});
