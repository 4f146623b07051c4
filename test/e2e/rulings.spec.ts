import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

const NOTE = 'Receipt UKM4K7Q2ZP is on the paybill statement.';

// What people decide where no provider can: two principals, the same word, both in the timeline for ever.
describeOnBothDatabases('A ruling', (database) => {
  let stage: PaymentStage;
  let first: string;
  let second: string;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    first = stage.merchant.key;
    second = (await stage.gateway.createKey(stage.merchant.id)).key;
  });
  afterEach(() => stage.mpesa.clearFaults());
  afterAll(() => stage.close());

  const rule = (id: string, key: string, outcome: string, note = NOTE): Promise<TestAnswer> =>
    stage.gateway.request(`POST /v1/transactions/${id}/ruling`, { key, body: { outcome, note } });

  /** A collection whose inquiry contradicts its callback, and stands by it. */
  const dispute = async (): Promise<string> => {
    stage.mpesa.setFaults({ queryContradiction: '1032' });
    const { body } = await stage.collect();
    await stage.until(body.id, ['review'], { stepMs: 10_000, limitMs: 300_000 });
    stage.mpesa.clearFaults();
    return body.id;
  };

  it('takes effect when another principal says the same, and what both said stays in the timeline', async () => {
    const id = await dispute();
    const proposed = await rule(id, first, 'succeeded');
    expect([proposed.status, proposed.body]).toMatchObject([
      200,
      { object: 'ruling', state: 'proposed', outcome: 'succeeded', note: NOTE, confirmedBy: null },
    ]);
    expect((await stage.transaction(id)).status).toBe('review');
    expect((await stage.gateway.request(`GET /v1/transactions/${id}/ruling`, { key: second })).body).toEqual(
      proposed.body,
    );

    const confirmed = await rule(id, second, 'succeeded', 'I saw the statement too.');
    expect(confirmed.body).toMatchObject({ state: 'confirmed', transaction: { status: 'succeeded', doubt: null } });
    expect(confirmed.body.proposedBy).toBe(stage.merchant.principalId);
    expect(confirmed.body.confirmedBy).not.toBe(confirmed.body.proposedBy);
    const said = (await stage.timeline(id)).filter((line) => line.evidence.source === 'ruling');
    expect(said.map(({ event, evidence }) => [event, evidence.says, evidence.principalId])).toEqual([
      ['noted', 'proposed_succeeded', confirmed.body.proposedBy],
      ['ruled_succeeded', 'succeeded', confirmed.body.confirmedBy],
    ]);
    expect(said[1].evidence.detail).toContain(NOTE);
    expect(said[1].type).toBe('collection.succeeded');
  });

  it('are asked for by a list that brings the whole evidence, and no other list does', async () => {
    const id = await dispute();
    const list = async (filter: string) => {
      const { body } = await stage.gateway.request(`GET /v1/transactions?${filter}&limit=100`, { key: first });
      return body.data.find((each: { id: string }) => each.id === id);
    };
    const { evidence, ...transaction } = await list('status=review');
    expect(transaction).toEqual(await stage.transaction(id));
    const verified = await stage.gateway.request(`POST /v1/transactions/${id}/verify`, { key: first });
    const asked = verified.body.evidence.slice(0, evidence.length);
    expect(evidence).toEqual(asked);
    expect(evidence.map(({ source }: { source: string }) => source)).toEqual(
      expect.arrayContaining(['submission', 'callback', 'inquiry']),
    );
    expect(await list('kind=collection')).not.toHaveProperty('evidence');
  });

  it('needs two principals: two keys of one are one person', async () => {
    const id = await dispute();
    const { principalId } = stage.merchant;
    const again = await stage.gateway.createKey(stage.merchant.id, { principalId });
    await rule(id, first, 'failed');
    const repeated = await rule(id, again.key, 'failed');
    expect(repeated.body).toMatchObject({ state: 'proposed', confirmedBy: null });
    expect((await stage.transaction(id)).status).toBe('review');
    // The same call again is the same proposal: one line.
    expect((await stage.timeline(id)).filter((line) => line.evidence.source === 'ruling')).toHaveLength(1);
  });

  it('stays open where the two do not say the same, until the first changes his mind', async () => {
    const id = await dispute();
    await rule(id, first, 'succeeded');
    const disputed = await rule(id, second, 'failed');
    expect([disputed.status, disputed.body]).toMatchObject([
      409,
      { code: 'ruling_disputed', proposedOutcome: 'succeeded', proposedBy: stage.merchant.principalId },
    ]);
    await rule(id, first, 'failed', 'It was reversed the same day.');
    const confirmed = await rule(id, second, 'failed');
    expect(confirmed.body.transaction).toMatchObject({ status: 'failed', failure: { code: 'unknown_reason' } });
  });

  it('of many second persons at once counts one', async () => {
    const id = await dispute();
    const keys = await Promise.all(Array.from({ length: 4 }, () => stage.gateway.createKey(stage.merchant.id)));
    await rule(id, first, 'failed');
    const answers = await Promise.all(keys.map(({ key }) => rule(id, key, 'failed')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('not_in_review');
    const ruled = (await stage.timeline(id)).filter((line) => line.event === 'ruled_failed');
    expect(ruled).toHaveLength(1);
  });

  it('of two first persons at once is one a proposal and the other its confirmation', async () => {
    const id = await dispute();
    const answers = await Promise.all([rule(id, first, 'failed'), rule(id, second, 'failed')]);
    expect(answers.map(({ body }) => body.state).sort()).toEqual(['confirmed', 'proposed']);
    expect((await stage.transaction(id)).status).toBe('failed');
  });

  it('is late where the transaction had ended unpaid before it came to review', async () => {
    // It fails, and then a callback claims success on a path that only the provider knows: people must look.
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 5 });
    stage.mpesa.setFaults({ queryContradiction: '1037', callbackDrop: true });
    const { body } = await stage.collect({ customer: { phone } });
    await stage.until(body.id, ['expired'], { stepMs: 10_000, limitMs: 300_000 });
    const prompt = stage.mpesa.prompts().find((candidate) => `+${candidate.msisdn}` === phone)!;
    await stage.sendCallback(prompt.callbackUrl, stage.successLetter(prompt));
    await stage.until(body.id, ['review'], { stepMs: 10_000, limitMs: 300_000 });
    await rule(body.id, first, 'succeeded');
    const { body: ruled } = await rule(body.id, second, 'succeeded');
    expect(ruled.transaction).toMatchObject({ status: 'succeeded', late: true });
    expect((await stage.timeline(body.id)).at(-1).type).toBe('collection.succeeded_late');
  });

  it('is for what is in review, for the merchant himself, and for keys that may', async () => {
    const { body } = await stage.collect();
    const paid = await stage.until(body.id, ['succeeded']);
    expect((await rule(paid.id, first, 'failed')).body).toMatchObject({
      code: 'not_in_review',
      transactionStatus: 'succeeded',
    });
    const stranger = await stage.gateway.createMerchant();
    expect((await rule(paid.id, stranger.key, 'failed')).status).toBe(404);
    const reader = await stage.gateway.createKey(stage.merchant.id, { scopes: ['read'] });
    expect((await rule(paid.id, reader.key, 'failed')).status).toBe(403);
    expect((await rule(paid.id, first, 'maybe')).body.errors).toMatchObject([{ pointer: '/outcome' }]);
    expect((await rule(paid.id, first, 'failed', ' ')).body.errors).toMatchObject([{ pointer: '/note' }]);
  });
});
