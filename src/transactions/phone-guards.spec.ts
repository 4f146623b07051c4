import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine, toTransaction } from '../../test/support/engine.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import type { PhoneGuardFacts } from '#libs/provider-kit';
import { getDefinition } from '../providers/registry.js';
import { toFailure } from './failures.js';
import { PhoneGuard } from './phone-guard.entity.js';
import { GuardRaceError } from './phone-guards.js';
import type { Transaction } from './transaction.entity.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function mpesa(): { facts: PhoneGuardFacts; promptLifeMs: number } {
  const { phoneGuards, promptLifeMs } = getDefinition('mpesa').operations.collections ?? {};
  if (!phoneGuards || promptLifeMs == null) throw new Error('M-Pesa guards phones.');
  return { facts: phoneGuards, promptLifeMs };
}

describeOnBothDatabases('Phone guards', (kind) => {
  const { facts, promptLifeMs } = mpesa();
  let store: TestStore;
  let engine: Engine;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });

  beforeEach(async () => {
    await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(PhoneGuard).execute());
    engine = new Engine(store);
  });

  afterAll(() => store.close());

  const make = (given: Partial<Transaction> = {}) =>
    toTransaction({ createdAt: engine.time.now(), phone: '+254700000001', ...given });
  const claimsOf = (transaction: Transaction) => engine.guards.toClaims(transaction, facts, promptLifeMs);

  /** Claims as the accept path does; answers the refusal, or undefined where the phone was free. */
  const take = (transaction: Transaction) =>
    store.database.writeBatch(async (batch) => {
      const claims = claimsOf(transaction);
      const [guards] = await batch.find(engine.guards.toLookUp(claims));
      const known = new Map(guards.map((guard) => [guard.guardHash, guard]));
      const refusal = engine.guards.findRefusal(claims, known);
      if (!refusal) await engine.guards.claim(batch, [{ transactionId: transaction.id, claims }], known);
      return refusal && { code: refusal.code, retryAfter: refusal.extras.headers?.['retry-after'], refusal };
    });
  const end = (transaction: Transaction, status: Transaction['status'], sent = true) =>
    store.database.write((tx) =>
      engine.guards.release(tx, { ...transaction, status, firstSentAt: sent ? transaction.createdAt : null }),
    );
  /** One prompt from acceptance to its end, out of the way of the rule about equal amounts. */
  const prompt = async (status: Transaction['status'], given: Partial<Transaction> = {}, sent = true) => {
    const transaction = make(given);
    const refused = await take(transaction);
    if (!refused) await end(transaction, status, sent);
    engine.time.advance(3 * MINUTE);
    return refused;
  };

  it('guard what the network guards, by its own facts', () => {
    expect(facts).toMatchObject({ onePromptAtATime: true, repeatAmountMs: 2 * MINUTE });
    expect(facts.unfinishedPrompts).toEqual({ count: 5, blockMs: DAY });
    expect(engine.guards.toClaims(make(), null, promptLifeMs)).toEqual([]);
    expect(engine.guards.toClaims(make({ provider: null }), facts, promptLifeMs)).toEqual([]);
  });

  it('let one transaction ask a phone at a time, and say when to come back', async () => {
    const first = make();
    expect(await take(first)).toBeUndefined();
    engine.time.advance(1_000);
    const seconds = (first.expiresAt + promptLifeMs - engine.time.now()) / 1000;
    expect(await take(make({ amountMinor: 1n }))).toMatchObject({ code: 'phone_busy', retryAfter: String(seconds) });
  });

  it('tell nothing of whose transaction it was', async () => {
    const first = make({ merchantId: 'mer_secret' });
    await take(first);
    const refused = await take(make({ merchantId: 'mer_other' }));
    const said = JSON.stringify([refused?.refusal.toBody('req_1'), refused?.refusal.extras]);
    for (const secret of [first.id, 'mer_secret', first.reference, first.phone]) expect(said).not.toContain(secret);
  });

  it.each([
    ['another phone', { phone: '+254700000002' }],
    ['the other mode', { mode: 'live' }],
    ['another provider', { provider: 'other' }],
  ] as const)('leave %s alone', async (_, given) => {
    await take(make());
    expect(await take(make(given))).toBeUndefined();
  });

  it('hold over all merchants of a mode', async () => {
    await take(make({ merchantId: 'mer_1' }));
    expect(await take(make({ merchantId: 'mer_2', amountMinor: 2n }))).toMatchObject({ code: 'phone_busy' });
  });

  it('free the line when the transaction ends, and the amount two minutes after it was asked', async () => {
    const first = make();
    await take(first);
    await end(first, 'succeeded');
    expect(await take(make())).toMatchObject({ code: 'repeat_amount_too_soon', retryAfter: '120' });
    const other = make({ amountMinor: 200n });
    expect(await take(other)).toBeUndefined();
    await end(other, 'succeeded');
    engine.time.advance(2 * MINUTE - 1);
    expect(await take(make())).toMatchObject({ code: 'repeat_amount_too_soon', retryAfter: '1' });
    engine.time.advance(1);
    expect(await take(make())).toBeUndefined();
  });

  it('free the amount at once where nothing was ever sent', async () => {
    const first = make();
    await take(first);
    await end(first, 'cancelled', false);
    expect(await take(make())).toBeUndefined();
  });

  it('free a line by themselves when a prompt can no longer be open', async () => {
    const first = make();
    await take(first);
    engine.time.advance(first.expiresAt + promptLifeMs - first.createdAt - 1);
    expect(await take(make())).toMatchObject({ code: 'phone_busy' });
    engine.time.advance(1);
    expect(await take(make())).toBeUndefined();
  });

  it('hold a line from the send for as long as the prompt lives, and no longer', async () => {
    const first = make();
    await take(first);
    engine.time.advance(MINUTE);
    await store.database.write((tx) => engine.guards.holdForPrompt(tx, first));
    engine.time.advance(promptLifeMs - 1);
    expect(await take(make())).toMatchObject({ code: 'phone_busy' });
    engine.time.advance(1);
    expect(await take(make())).toBeUndefined();
  });

  it('do not let one transaction hold or free the line of another', async () => {
    const first = make();
    await take(first);
    const stranger = make();
    await store.database.write((tx) => engine.guards.holdForPrompt(tx, stranger));
    await end(stranger, 'succeeded');
    expect(await take(make({ amountMinor: 2n }))).toMatchObject({ code: 'phone_busy' });
  });

  it('an end that comes late does not free a line that somebody else has by now', async () => {
    const first = make();
    await take(first);
    engine.time.advance(first.expiresAt + promptLifeMs - first.createdAt);
    const second = make();
    expect(await take(second)).toBeUndefined();
    await end(first, 'expired');
    expect(await take(make({ amountMinor: 2n }))).toMatchObject({ code: 'phone_busy' });
  });

  describe('of a line that ignores prompts', () => {
    it('block it for a day after five in a row', async () => {
      for (let time = 1; time <= 5; time++) expect(await prompt('expired')).toBeUndefined();
      // The fifth ended three minutes ago.
      const left = (DAY - 3 * MINUTE) / 1000;
      expect(await take(make())).toMatchObject({ code: 'phone_blocked', retryAfter: String(left) });
      engine.time.advance(DAY - 3 * MINUTE - 1);
      expect(await take(make())).toMatchObject({ code: 'phone_blocked' });
      engine.time.advance(1);
      expect(await take(make())).toBeUndefined();
    });

    it('count anew after the day', async () => {
      for (let time = 1; time <= 5; time++) await prompt('expired');
      engine.time.advance(DAY);
      for (let time = 1; time <= 4; time++) expect(await prompt('expired')).toBeUndefined();
      expect(await prompt('succeeded')).toBeUndefined();
    });

    it.each([
      ['succeeded', undefined],
      ['failed', toFailure('wrong_pin')],
      ['failed', toFailure('insufficient_funds')],
    ] as const)('count anew after one that %s with a PIN', async (status, failure) => {
      for (let time = 1; time <= 4; time++) await prompt('expired');
      expect(await prompt(status, { failure: failure ?? null })).toBeUndefined();
      for (let time = 1; time <= 4; time++) expect(await prompt('expired')).toBeUndefined();
      expect(await prompt('expired')).toBeUndefined();
      expect(await prompt('expired')).toMatchObject({ code: 'phone_blocked' });
    });

    it('do not forget for one that failed before anybody saw a prompt', async () => {
      for (let time = 1; time <= 4; time++) await prompt('expired');
      await prompt('failed', { failure: toFailure('provider_misconfigured') });
      await prompt('expired');
      expect(await prompt('succeeded')).toMatchObject({ code: 'phone_blocked' });
    });

    it('count every one of several that end at the same moment', async () => {
      const phones = Array.from({ length: 5 }, (_, index) => make({ amountMinor: BigInt(100 * (index + 1)) }));
      await Promise.all(phones.map((transaction) => end(transaction, 'expired')));
      expect(await take(make())).toMatchObject({ code: 'phone_blocked' });
    });

    it('neither count nor forget for one that was cancelled', async () => {
      for (let time = 1; time <= 4; time++) await prompt('expired');
      await prompt('cancelled');
      await prompt('expired');
      expect(await prompt('succeeded')).toMatchObject({ code: 'phone_blocked' });
    });

    it('do not count what was never sent', async () => {
      for (let time = 1; time <= 6; time++) expect(await prompt('expired', {}, false)).toBeUndefined();
    });

    it('count each phone by itself, over all merchants', async () => {
      for (let time = 1; time <= 5; time++) await prompt('expired', { merchantId: `mer_${time}` });
      expect(await prompt('succeeded', { phone: '+254700000002' })).toBeUndefined();
      expect(await prompt('succeeded', { merchantId: 'mer_9' })).toMatchObject({ code: 'phone_blocked' });
    });
  });

  it('give a free phone to one of many who look at the same moment', async () => {
    const all = Array.from({ length: 10 }, () => make());
    const results = await Promise.allSettled(all.map(take));
    const taken = results.flatMap((result, index) =>
      result.status === 'fulfilled' && result.value === undefined ? [all[index]?.id] : [],
    );
    expect(taken).toHaveLength(1);
    const guards = await store.database.read.findBy(PhoneGuard, { kind: 'open_prompt' });
    expect(guards.map((guard) => guard.transactionId)).toEqual(taken);
  });

  it('give a phone whose guard has lapsed to one of many, and tell the others to look again', async () => {
    await take(make());
    engine.time.advance(DAY);
    const all = Array.from({ length: 10 }, () => make());
    const results = await Promise.allSettled(all.map(take));
    const taken = results.flatMap((result, index) =>
      result.status === 'fulfilled' && result.value === undefined ? [all[index]?.id] : [],
    );
    expect(taken).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(GuardRaceError);
    const [guard] = await store.database.read.findBy(PhoneGuard, { kind: 'open_prompt' });
    expect(guard?.transactionId).toBe(taken[0]);
  });

  it('are forgotten once they refuse nobody, but not a count that goes on', async () => {
    await prompt('expired');
    await take(make({ phone: '+254700000002' }));
    engine.time.advance(DAY);
    const open = make({ phone: '+254700000003' });
    await take(open);
    await store.database.write((tx) => engine.guards.sweep(tx));
    const left = await store.database.read.find(PhoneGuard);
    expect(left.map((guard) => guard.kind).sort()).toEqual(['open_prompt', 'repeat_amount', 'unfinished']);
    expect(left.filter((guard) => guard.kind !== 'unfinished').every((guard) => guard.transactionId === open.id)).toBe(
      true,
    );
    expect(await take(make({ phone: '+254700000003' }))).toMatchObject({ code: 'phone_busy' });
  });
});
