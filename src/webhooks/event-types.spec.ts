import { EVENT_PATTERNS, EVENT_TYPES, isEventPattern, matchesType } from './event-types.js';

describe('Event types', () => {
  it('are those of the contract', () => {
    for (const kind of ['collection', 'payout', 'refund']) {
      for (const name of ['created', 'pending', 'unconfirmed', 'review', 'succeeded', 'succeeded_late', 'failed']) {
        expect(EVENT_TYPES).toContain(`${kind}.${name}`);
      }
    }
    expect(EVENT_TYPES).toEqual(
      expect.arrayContaining(['payment_link.paid_late', 'payout_batch.progress', 'provider.degraded', 'test.ping']),
    );
    expect(EVENT_TYPES).toHaveLength(3 * 11 + 2 + 7 + 5 + 3 + 3 + 1);
    expect(new Set(EVENT_PATTERNS).size).toBe(EVENT_PATTERNS.length);
  });

  it.each([
    ['*', true],
    ['collection.*', true],
    ['collection.succeeded', true],
    ['webhook_endpoint.disabled', true],
    ['collection', false],
    ['collection.', false],
    ['collection.paid', false],
    ['*.succeeded', false],
    ['**', false],
    ['Collection.*', false],
    ['', false],
    [7, false],
    [null, false],
  ])('%p as a pattern: %p', (pattern, known) => expect(isEventPattern(pattern)).toBe(known));

  it.each([
    [['*'], 'payout.failed', true],
    [['payout.*'], 'payout.failed', true],
    [['payout.failed'], 'payout.failed', true],
    [['collection.*', 'payout.failed'], 'payout.failed', true],
    [['payout.succeeded'], 'payout.failed', false],
    [['payout.*'], 'payout_batch.completed', false],
    [['collection.succeeded'], 'collection.succeeded_late', false],
    [[], 'payout.failed', false],
  ])('%p hears %s: %p', (patterns, type, hears) => expect(matchesType(patterns, type)).toBe(hears));

  it('have a family pattern each that hears them', () => {
    for (const type of EVENT_TYPES) expect(matchesType([`${type.split('.')[0]}.*`], type)).toBe(true);
  });
});
