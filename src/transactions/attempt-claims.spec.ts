import { randomBytes } from 'node:crypto';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine } from '../../test/support/engine.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { CallbackTokens } from '../callbacks/callback-tokens.js';
import type { Settings } from '../config/settings.js';
import { EventRecord } from '../events/event.entity.js';
import { Job } from '../jobs/job.entity.js';
import { PayoutControls } from '../limits/payout-controls.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { getDefinition } from '../providers/registry.js';
import { SecretBox } from '../secrets/secret-box.js';
import { AttemptClaims } from './attempt-claims.js';
import { type Attempt } from './attempt.entity.js';
import { Attempts } from './attempts.js';
import type { Route } from './routing.js';
import type { Transaction } from './transaction.entity.js';

describeOnBothDatabases('The right to send a silent attempt once more', (kind) => {
  let store: TestStore;
  let engine: Engine;
  let claims: AttemptClaims;
  let attempts: Attempts;

  beforeAll(async () => {
    store = await openTestStore(kind);
    engine = new Engine(store);
    const { database } = store;
    const { time, ids } = engine;
    attempts = new Attempts(database, time, ids);
    const box = new SecretBox({ current: randomBytes(32), previous: [] }, randomBytes);
    const settings = { publicUrl: 'https://gw.example' } as Settings;
    const tokens = new CallbackTokens(database, box, settings, time, randomBytes);
    claims = new AttemptClaims(
      engine.lifecycle,
      attempts,
      tokens,
      engine.jobs,
      new PayoutControls(database, time),
      time,
    );
  });

  afterAll(() => store.close());

  const route = (): Route => {
    const definition = getDefinition('dexchange');
    const [method] = definition.methods;
    const operation = definition.operations.collections;
    if (!method || !operation) throw new TypeError('DExchange collects nothing');
    return { account: { id: 'pac_1' } as ProviderAccount, definition, method, capability: 'collections', operation };
  };

  /** A transaction that was sent, with silence for an answer. */
  async function silent(): Promise<{ transaction: Transaction; attempt: Attempt; urls: object }> {
    const created = await engine.store({ method: 'orange_sn', currency: 'XOF', provider: 'dexchange' });
    const claim = await claims.claim(created, route(), []);
    if (typeof claim === 'string') throw new TypeError(`It could not be sent: ${claim}`);
    await becomeSilent(claim.transaction, claim.attempt);
    const attempt = await attempts.get(claim.attempt.id);
    return { transaction: await engine.find(created.id), attempt, urls: claim.callbackUrls };
  }

  const becomeSilent = ({ id }: Transaction, attempt: Attempt) =>
    engine.lifecycle.report({
      transactionId: id,
      attemptId: attempt.id,
      event: 'unknown',
      evidence: { source: 'submission', says: 'unknown' },
    });
  const resendsOf = async ({ id }: Transaction) =>
    (await store.database.read.find(EventRecord, { where: { subjectId: id } })).filter(
      ({ reported }) => reported === 'resent',
    );

  it('goes to one of two workers, with the same id and the same callback path', async () => {
    const { transaction, attempt, urls } = await silent();
    const both = await Promise.all([1, 2].map(() => claims.claimResend(transaction, attempt, route())));
    const [claim, ...others] = both.filter((given) => given !== 'taken');
    expect(others).toEqual([]);
    expect(claim).toMatchObject({ attempt: { id: attempt.id, sentAt: attempt.sentAt }, callbackUrls: urls });
    expect(await engine.find(transaction.id)).toMatchObject({ status: 'submitting', attemptId: attempt.id });
    expect(await resendsOf(transaction)).toHaveLength(1);
    // Whoever dies now, somebody will ask what became of it.
    const job = await store.database.read.findOneBy(Job, { kind: 'inquire', subjectId: attempt.id });
    expect(job).not.toBeNull();
  });

  it('is gone once it was used, although doubt is back and a worker still holds what it read before', async () => {
    const { transaction, attempt } = await silent();
    await claims.claimResend(transaction, attempt, route());
    await becomeSilent(transaction, attempt);
    expect(await claims.claimResend(transaction, attempt, route())).toBe('taken');
    expect(await engine.find(transaction.id)).toMatchObject({ status: 'unconfirmed' });
    expect(await resendsOf(transaction)).toHaveLength(1);
  });

  it('is gone once a message taught us what to ask by', async () => {
    const { transaction, attempt } = await silent();
    await store.database.write((tx) => attempts.bindReferences(tx, attempt, { providerReference: 'TID1' }));
    expect(await claims.claimResend(transaction, attempt, route())).toBe('taken');
    expect(await engine.find(transaction.id)).toMatchObject({ status: 'unconfirmed' });
    expect((await attempts.get(attempt.id)).resentAt).toBeNull();
  });
});
