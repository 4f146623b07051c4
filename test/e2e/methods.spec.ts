import { describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

describeOnBothDatabases('Methods', (database) => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });
  afterAll(() => stage.close());

  const list = async (key = stage.merchant.key): Promise<any[]> => {
    // What is known of health is kept for five seconds.
    stage.time.advance(5_000);
    return (await stage.gateway.request('GET /v1/methods', { key })).body.data;
  };
  const find = async (): Promise<any> =>
    (await list()).find(({ code, kind }) => code === 'mpesa_ke' && kind === 'collection');
  const predict = (body: object, key = stage.merchant.key) =>
    stage.gateway.request('POST /v1/methods/predict', { key, body });

  it('are those of the merchant’s own enabled accounts, in the mode of the key', async () => {
    expect(await find()).toEqual({
      object: 'method',
      code: 'mpesa_ke',
      kind: 'collection',
      country: 'KE',
      currency: 'KES',
      operator: 'Safaricom',
      decimals: 0,
      min: '1.00',
      max: '250000.00',
      requiredFields: [],
      flow: 'approve_on_phone',
      providers: ['mpesa'],
      health: 'operational',
      healthBasis: { attempts: 0, troubled: 0 },
    });
    const other = await stage.gateway.createMerchant();
    expect(await list(other.key)).toEqual([]);
    const account = await stage.connect(other);
    await stage.connect(other);
    const [method] = await list(other.key);
    expect(method.providers).toEqual(['mpesa']);
    const { key: live } = await stage.gateway.createKey(other.id, { mode: 'live' });
    expect(await list(live)).toEqual([]);
    await stage.gateway.request(`PATCH /v1/provider-accounts/${account}`, { key: other.key, body: { enabled: false } });
    expect(await list(other.key)).not.toEqual([]);
  });

  it('are guessed from a number, and honestly unknown where the digits do not tell', async () => {
    const answer = await predict({ phone: '+254708374149' });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        object: 'method_prediction',
        phone: '+254708374149',
        country: 'KE',
        operator: 'Safaricom',
        methods: ['mpesa_ke'],
      },
    ]);
    for (const [given, country, operator, methods] of [
      [{ phone: '0733 123456', country: 'KE' }, 'KE', 'Airtel', []],
      [{ phone: '+254757123456' }, 'KE', 'Safaricom', ['mpesa_ke']],
      [{ phone: '+254744123456' }, 'KE', null, ['mpesa_ke']],
      [{ phone: '+2290197000000' }, 'BJ', null, []],
      [{ phone: '77 123 45 67', country: 'SN' }, 'SN', 'Orange', []],
      [{ phone: '+221761234567' }, 'SN', 'Free Money', []],
      [{ phone: '+2250712345678' }, 'CI', 'Orange', []],
      [{ phone: '+2250512345678' }, 'CI', 'MTN', []],
      [{ phone: '+22365123456' }, 'ML', 'Moov', []],
    ] as const) {
      expect((await predict(given)).body).toMatchObject({ country, operator, methods });
    }
    const stranger = await stage.gateway.createMerchant();
    expect((await predict({ phone: '+254708374149' }, stranger.key)).body).toMatchObject({
      operator: 'Safaricom',
      methods: [],
    });
    const wrong = await predict({ phone: '0708374149' });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'recipient_invalid']);
  });

  it('show how they are doing from what providers did, and recover', async () => {
    const { body } = await stage.collect();
    await stage.until(body.id, ['succeeded']);
    expect(await find()).toMatchObject({ health: 'operational', healthBasis: { attempts: 1, troubled: 0 } });

    stage.mpesa.setFaults({ pushAnswerLost: true, callbackDrop: true });
    for (let lost = 1; lost <= 9; lost++) {
      const { body: doubtful } = await stage.collect();
      await stage.until(doubtful.id, ['unconfirmed']);
      const health = lost < 3 ? 'operational' : lost < 4 ? 'degraded' : 'down';
      expect(await find()).toMatchObject({ health, healthBasis: { attempts: lost + 1, troubled: lost } });
    }
    stage.mpesa.clearFaults();
    // Old trouble says nothing about today.
    await stage.pass(15 * 60_000);
    expect(await find()).toMatchObject({ health: 'operational', healthBasis: { attempts: 0, troubled: 0 } });
  });
});
