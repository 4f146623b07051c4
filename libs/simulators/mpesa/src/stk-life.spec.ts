import type { MpesaSimulatorOptions } from './index.js';
import { Merchant, PAYER, type Heard } from './spec-support.js';

let merchant: Merchant;
const open = async (options: MpesaSimulatorOptions = {}): Promise<void> => {
  merchant = await Merchant.open(options);
};
afterEach(() => merchant.close());

/** The one callback of a push that the phone answered. */
async function hearOne(): Promise<Heard> {
  const [heard] = await merchant.ear.hear(1);
  if (!heard) throw new Error('No callback');
  return heard;
}

describe('a payment', () => {
  it('moves money, and says so in the callback byte for byte and in the query', async () => {
    // A clock that stands still and timers that fire at once: 14 March 2026, 15:30:47 in Nairobi.
    const time = {
      now: () => Date.UTC(2026, 2, 14, 12, 30, 47),
      after: (_delay: number, work: () => void) => (setImmediate(work), () => undefined),
    };
    await open({ time, settings: { promptDelayMs: 0, answerDelayMs: 0 } });
    const id = await merchant.pushed();
    const heard = await hearOne();
    expect(await merchant.simulator.idle()).toBe(true);

    const [transfer] = merchant.simulator.transfers();
    const [prompt] = merchant.simulator.prompts();
    expect(transfer).toEqual({
      id: transfer?.receipt,
      direction: 'in',
      kind: 'collection',
      party: PAYER,
      amount: '150.00',
      currency: 'KES',
      reference: 'ORDER-7781',
      status: 'completed',
      at: '2026-03-14T12:30:47.000Z',
      receipt: expect.stringMatching(/^UCE[A-Z0-9]{7}$/), // U = 2026, C = March, E = the 14th.
      shortcode: '174379',
      account: 'Utility Account',
      checkoutRequestId: id,
      conversationId: null,
      reverses: null,
      callbackUrl: merchant.ear.url,
    });
    expect(heard.text).toBe(
      `{"Body":{"stkCallback":{"MerchantRequestID":"${prompt?.merchantRequestId}","CheckoutRequestID":"${id}",` +
        '"ResultCode":0,"ResultDesc":"The service request is processed successfully.","CallbackMetadata":{"Item":[' +
        `{"Name":"Amount","Value":150.00},{"Name":"MpesaReceiptNumber","Value":"${transfer?.receipt}"},{"Name":"Balance"},` +
        '{"Name":"TransactionDate","Value":20260314153047},{"Name":"PhoneNumber","Value":254700000123}]}}}}',
    );
    expect(heard).toMatchObject({ method: 'POST', path: '/hooks/9f2c' });
    expect(heard.headers['content-type']).toBe('application/json;charset=UTF-8');
    expect(heard.headers['businessshortcode']).toBe('174379');

    const query = await merchant.query(id);
    expect(query.status).toBe(200);
    expect(query.text).toBe(
      '{"ResponseCode":"0","ResponseDescription":"The service request has been accepted successsfully",' +
        `"MerchantRequestID":"${prompt?.merchantRequestId}","CheckoutRequestID":"${id}","ResultCode":"0",` +
        '"ResultDesc":"The service request is processed successfully."}',
    );
    expect(merchant.simulator.balance('174379', 'Utility Account')).toBe(15_000n);
    expect(merchant.simulator.phone(PAYER)).toMatchObject({
      balance: '249850.00',
      prompt: null,
      messages: [
        {
          text: `${transfer?.receipt} Confirmed. Ksh150.00 sent to Demo Shop for account ORDER-7781 on 14/3/26 at 3:30 PM. New M-PESA balance is Ksh249,850.00. Transaction cost, Ksh0.00.`,
        },
      ],
    });
  });

  it('happens by itself after a short delay where nobody answers', async () => {
    await open({ settings: { answerDelayMs: 5 } });
    await merchant.pushed();
    expect(JSON.parse((await hearOne()).text)).toMatchObject({ Body: { stkCallback: { ResultCode: 0 } } });
  });

  it('waits for whoever holds the phone', async () => {
    await open({ settings: { answerDelayMs: 30, promptDelayMs: 10 } });
    await merchant.control('POST', `/phones/${PAYER}/hold`);
    const id = await merchant.pushed();
    await new Promise((resolve) => setTimeout(resolve, 120)); // Four times as long as it would take to answer by itself.
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: '4999' });
    await merchant.simulator.answer(PAYER, 'cancel');
    expect(JSON.parse((await hearOne()).text)).toMatchObject({ Body: { stkCallback: { ResultCode: 1032 } } });
  });
});

describe('what a customer does', () => {
  it.each([
    ['pin', 0, 'The service request is processed successfully.', 'The service request is processed successfully.'],
    ['wrong_pin', 2001, 'The initiator information is invalid.', 'The initiator information is invalid.'],
    ['cancel', 1032, 'Request cancelled by user', 'Request cancelled by user'],
    ['ignore', 1037, 'No response from user.', 'DS timeout user cannot be reached.'],
  ] as const)('%s ends with %i in the callback and as a string in the query', async (action, code, said, answered) => {
    await open({ settings: { promptLifeMs: action === 'ignore' ? 500 : 60_000 } });
    const id = await merchant.pushed();
    await merchant.simulator.answer(PAYER, action);
    const { stkCallback } = JSON.parse((await hearOne()).text).Body;
    expect(stkCallback).toMatchObject({ CheckoutRequestID: id, ResultCode: code, ResultDesc: said });
    expect('CallbackMetadata' in stkCallback).toBe(code === 0);
    expect((await merchant.query(id)).json).toMatchObject({
      ResponseCode: '0',
      ResultCode: String(code),
      ResultDesc: answered,
    });
    expect(merchant.simulator.transfers()).toHaveLength(code === 0 ? 1 : 0);
  });

  it('can take up again what was put aside', async () => {
    await open();
    await merchant.pushed();
    await merchant.simulator.answer(PAYER, 'ignore');
    await merchant.simulator.answer(PAYER, 'pin');
    await expect(merchant.simulator.answer(PAYER, 'cancel')).rejects.toThrow(/no_prompt|already_answered/);
    expect(JSON.parse((await hearOne()).text)).toMatchObject({ Body: { stkCallback: { ResultCode: 0 } } });
  });

  it.each([
    ['254700000001', '1'],
    ['254700001032', '1032'],
    ['254700002001', '2001'],
    ['254700001019', '1019'],
    ['254700001037', '1037'],
    ['254711001025', '1025'],
    ['254708374149', '1037'],
  ])('by the number %s is %s', async (phone, code) => {
    await open({ settings: { answerDelayMs: 0, promptLifeMs: 20, testNumberLifeMinMs: 1, testNumberLifeMaxMs: 5 } });
    const id = await merchant.pushed({ PhoneNumber: phone });
    await hearOne();
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: code });
    expect(merchant.simulator.transfers()).toEqual([]);
  });

  it.each([
    [{ outcomeByPhone: { [PAYER]: 'cancel' } }, 150, '1032'],
    [{ outcomeByAmount: { 150: 'E3008' } }, 150, 'E3008'],
    [{ outcome: 'wrong_pin' }, 150, '2001'],
    [{ outcome: 'unreachable' }, 150, '1037'],
    [{}, 201_032, '1032'],
    [{ outcomeByAmount: { 201_032: 'approve' } }, 201_032, '0'],
  ])('by %j and amount %i is %s', async (faults, Amount, code) => {
    await open({ settings: { answerDelayMs: 0, promptLifeMs: 20 }, faults });
    const id = await merchant.pushed({ Amount });
    await hearOne();
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: code });
  });
});

describe('the test number of the sandbox', () => {
  it.each([
    [0, 14_000],
    [0.999999, 26_000],
  ])('stays silent and ends between 14 and 26 seconds (chance %f)', async (chance, endsAfterMs) => {
    await open({ random: () => chance, settings: { acceptLoopbackCallbacks: true } });
    await merchant.pushed({ PhoneNumber: '254708374149' });
    const prompt = (await merchant.control('GET', '/phones/254708374149')).json as { prompt: { endsAt: string } };
    const [accepted] = merchant.simulator.prompts();
    expect(Date.parse(prompt.prompt.endsAt) - Date.parse(accepted?.acceptedAt ?? '')).toBe(endsAfterMs);
  });
});

describe('the rules of the network', () => {
  const pay = async (changes: Record<string, unknown> = {}): Promise<string | null> => {
    const id = await merchant.pushed(changes);
    await merchant.simulator.answer(PAYER, 'pin');
    await merchant.simulator.idle();
    return merchant.simulator.prompts().find(({ checkoutRequestId }) => checkoutRequestId === id)?.resultCode ?? null;
  };

  it('refuse the same amount within two minutes of a payment, and not after', async () => {
    let now = Date.UTC(2026, 2, 14, 9);
    const time = { now: () => now, after: (_delay: number, work: () => void) => (setImmediate(work), () => undefined) };
    await open({ time, settings: { answerDelayMs: 0, tokenLifeSeconds: 86_400 } });
    const end = async (Amount: number): Promise<string | null | undefined> => {
      await merchant.pushed({ Amount });
      await merchant.simulator.idle();
      return merchant.simulator.prompts().at(-1)?.resultCode;
    };
    expect(await end(150)).toBe('0');
    expect(await end(151)).toBe('0');
    now += 119_000;
    expect(await end(150)).toBe('17');
    now += 2_000;
    expect(await end(150)).toBe('0');
    expect(merchant.simulator.transfers()).toHaveLength(3);
  });

  it('refuse more than the wallet holds, and leave every shilling where it was', async () => {
    await open({ settings: { customerOpeningBalance: 100 } });
    expect(await pay({ Amount: 101 })).toBe('1');
    expect(await pay({ Amount: 100 })).toBe('0');
    expect(merchant.simulator.phone(PAYER)?.balance).toBe('0.00');
    expect(merchant.simulator.balance('174379', 'Utility Account')).toBe(10_000n);
  });

  it('refuse more than half a million in a day', async () => {
    await open({ settings: { customerOpeningBalance: 900_000 } });
    expect([
      await pay({ Amount: 250_000 }),
      await pay({ Amount: 249_999 }),
      await pay({ Amount: 2 }),
      await pay({ Amount: 1 }),
    ]).toEqual(['0', '0', '4', '0']);
  });

  it('lock the PIN after three wrong ones in a row', async () => {
    await open();
    const enter = async (action: 'pin' | 'wrong_pin', Amount: number): Promise<string | null | undefined> => {
      await merchant.pushed({ Amount });
      await merchant.simulator.answer(PAYER, action);
      await merchant.simulator.idle();
      return merchant.simulator.prompts().at(-1)?.resultCode;
    };
    expect([await enter('wrong_pin', 1), await enter('wrong_pin', 2), await enter('pin', 3)]).toEqual([
      '2001',
      '2001',
      '0',
    ]);
    expect([
      await enter('wrong_pin', 4),
      await enter('wrong_pin', 5),
      await enter('wrong_pin', 6),
      await enter('pin', 7),
    ]).toEqual(['2001', '2001', '2001', '8006']);
    await merchant.control('PUT', `/phones/${PAYER}`, { pinLocked: false });
    expect(await enter('pin', 8)).toBe('0');
  });

  it('block a line after five prompts in a row that nobody finished', async () => {
    await open({ settings: { unfinishedPromptLimit: 5 } });
    for (let Amount = 1; Amount <= 5; Amount++) {
      await merchant.pushed({ Amount });
      await merchant.simulator.answer(PAYER, 'cancel');
      await merchant.simulator.idle();
    }
    expect(merchant.simulator.phone(PAYER)?.blockedUntil).not.toBeNull();
    merchant.simulator.setSettings({ promptLifeMs: 20 });
    await merchant.pushed({ Amount: 6 });
    await merchant.simulator.idle();
    expect(merchant.simulator.prompts().at(-1)).toMatchObject({ shownAt: null, resultCode: '1037' });
    await merchant.control('PUT', `/phones/${PAYER}`, { blocked: false });
    merchant.simulator.setSettings({ promptLifeMs: 60_000 });
    expect(await pay({ Amount: 7 })).toBe('0');
  });

  it('count from anew after a PIN, and never block a magic number', async () => {
    await open({ settings: { unfinishedPromptLimit: 2 } });
    const cancel = async (Amount: number): Promise<void> => {
      await merchant.pushed({ Amount });
      await merchant.simulator.answer(PAYER, 'cancel');
      await merchant.simulator.idle();
    };
    await cancel(1);
    await pay({ Amount: 2 });
    await cancel(3);
    expect(merchant.simulator.phone(PAYER)?.blockedUntil).toBeNull();
    merchant.simulator.setSettings({ answerDelayMs: 0 });
    for (let Amount = 1; Amount <= 3; Amount++) {
      await merchant.pushed({ PhoneNumber: '254700001032', Amount });
      await merchant.simulator.idle();
    }
    expect(merchant.simulator.prompts().slice(-3)).toEqual(
      [1, 2, 3].map(() => expect.objectContaining({ resultCode: '1032', shownAt: expect.any(String) })),
    );
  });
});

describe('a query', () => {
  it('knows no foreign and no unknown id', async () => {
    await open();
    const unknown = {
      status: 500,
      json: { errorCode: '500.001.1001', errorMessage: 'The transaction does not Exist' },
    };
    expect(await merchant.query('ws_CO_140320261530211700000123')).toMatchObject(unknown);
    await merchant.simulator.close();
    await merchant.ear.close();
    await open({
      directory: {
        apps: [{ consumerKey: 'demo-consumer-key', consumerSecret: 'demo-consumer-secret' }],
        merchants: [
          { shortcode: '174379', name: 'Shop', passkey: 'k' },
          { shortcode: '600100', name: 'Other', passkey: 'k' },
        ],
      },
    });
    const login = (shortcode: string): object => ({
      BusinessShortCode: shortcode,
      Password: Buffer.from(`${shortcode}k20260314153021`).toString('base64'),
    });
    const id = await merchant.pushed({ ...login('174379') });
    expect((await merchant.query(id, { ...login('174379') })).status).toBe(200);
    expect(await merchant.query(id, { ...login('600100') })).toMatchObject(unknown);
  });

  it.each([
    ['BusinessShortCode', { BusinessShortCode: 1 }],
    ['Password', { Password: undefined }],
    ['Timestamp', { Timestamp: 'now' }],
    ['CheckoutRequestID', { CheckoutRequestID: undefined }],
  ])('names %s', async (field, changes) => {
    await open();
    expect(await merchant.query('ws_CO_1', changes)).toMatchObject({
      status: 400,
      json: { errorMessage: `Bad Request - Invalid ${field}` },
    });
  });

  it('that comes too often meets the firewall', async () => {
    await open({ settings: { queryLimitPerMinute: 2 } });
    const id = await merchant.pushed();
    const statuses = [await merchant.query(id), await merchant.query(id), await merchant.query(id)].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([200, 200, 403]);
  });
});
