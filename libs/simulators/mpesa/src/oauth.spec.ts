import { startMpesaSimulator, type MpesaSimulator, type MpesaSimulatorOptions } from './index.js';
import { call, fetchToken, GOOD_PAIR, Merchant, post, toPush, type HttpAnswer } from './spec-support.js';

describe('OAuth', () => {
  let simulator: MpesaSimulator;
  const start = async (options: MpesaSimulatorOptions = {}): Promise<void> => {
    simulator = await startMpesaSimulator(options);
  };
  afterEach(() => simulator.close());

  const generate = (
    query = '?grant_type=client_credentials',
    authorization: string | null = GOOD_PAIR,
  ): Promise<HttpAnswer> =>
    call(`${simulator.baseUrl}/oauth/v1/generate${query}`, {
      headers: authorization === null ? {} : { Authorization: authorization },
    });

  it('gives a token of 28 characters that lives "3599" seconds, as a string', async () => {
    await start();
    const answer = await generate();
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ access_token: expect.stringMatching(/^[A-Za-z0-9]{28}$/), expires_in: '3599' });
  });

  it('says the number 3599 where the portal page is to be believed', async () => {
    await start({ faults: { expiresInType: 'number' } });
    expect((await generate()).json).toMatchObject({ expires_in: 3599 });
  });

  it.each([[''], ['?grant_type=password'], ['?grant_type=client_credentials%20']])(
    'refuses the grant type of "%s"',
    async (query) => {
      await start();
      const answer = await generate(query);
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({
        requestId: expect.any(String),
        errorCode: '400.008.02',
        errorMessage: 'Invalid grant type passed',
      });
    },
  );

  it.each([[null], ['Bearer abc'], ['Basic not/base64!']])('refuses the header %s', async (authorization) => {
    await start();
    const answer = await generate(undefined, authorization);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ errorCode: '400.008.01', errorMessage: 'Invalid Authentication passed' });
  });

  it('answers wrong credentials with HTTP 400, text/plain and no body', async () => {
    await start();
    const answer = await generate(undefined, `Basic ${Buffer.from('demo-consumer-key:wrong').toString('base64')}`);
    expect([
      answer.status,
      answer.text,
      answer.headers.get('content-type'),
      answer.headers.get('content-length'),
    ]).toEqual([400, '', 'text/plain', '0']);
  });

  it('answers the wrong verb with 404.001.04', async () => {
    await start();
    const answer = await call(`${simulator.baseUrl}/oauth/v1/generate?grant_type=client_credentials`, {
      method: 'POST',
      headers: { Authorization: GOOD_PAIR },
    });
    expect([answer.status, answer.json]).toEqual([404, expect.objectContaining({ errorCode: '404.001.04' })]);
  });

  it('gives good credentials the empty 400 for as long as the fault says', async () => {
    await start({ faults: { oauthEmpty400: 1 } });
    expect(await generate()).toMatchObject({ status: 400, text: '' });
    expect((await generate()).status).toBe(200);
  });
});

describe('Access tokens', () => {
  let merchant: Merchant;
  afterEach(() => merchant.close());
  const pushWith = (headers: Record<string, string>): Promise<HttpAnswer> =>
    call(`${merchant.simulator.baseUrl}/mpesa/stkpush/v1/processrequest`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(toPush(merchant.ear.url)),
    });

  it('are missed with 404.001.04 and refused with 404.001.03, both HTTP 404', async () => {
    merchant = await Merchant.open();
    expect(await pushWith({})).toMatchObject({
      status: 404,
      json: { errorCode: '404.001.04', errorMessage: 'Invalid Authentication Header' },
    });
    for (const authorization of ['Bearer nonsense', merchant.token]) {
      const answer = await pushWith({ Authorization: authorization });
      expect(answer).toMatchObject({
        status: 404,
        json: { errorCode: '404.001.03', errorMessage: 'Invalid Access Token' },
      });
    }
    expect(merchant.simulator.prompts()).toEqual([]);
  });

  it('end with their life', async () => {
    let now = Date.UTC(2026, 2, 14, 12, 30);
    const time = { now: () => now, after: () => () => undefined };
    merchant = await Merchant.open({ time });
    now += 3_599_999;
    expect((await merchant.query('ws_CO_x')).status).toBe(500);
    now += 1;
    expect((await merchant.query('ws_CO_x')).status).toBe(404);
  });

  it('live beside each other unless strictSingleToken', async () => {
    merchant = await Merchant.open();
    const second = await fetchToken(merchant.simulator.baseUrl);
    expect((await merchant.query('ws_CO_x')).status).toBe(500);
    merchant.simulator.setFaults({ strictSingleToken: true });
    await fetchToken(merchant.simulator.baseUrl);
    expect((await merchant.query('ws_CO_x')).status).toBe(404);
    const answer = await post(`${merchant.simulator.baseUrl}/mpesa/stkpushquery/v1/query`, second, {});
    expect(answer.status).toBe(404);
  });

  it.each([
    ['404.001.03', 404, { errorCode: '404.001.03', errorMessage: 'Invalid Access Token' }],
    ['400.003.01', 400, { errorCode: '400.003.01', errorMessage: 'Invalid Access Token' }],
    ['401.001', 401, { errorCode: '401.001', errorMessage: 'Invalid Access Token' }],
    ['401.003.01', 401, { errorCode: '401.003.01', errorMessage: 'Invalid Access Token' }],
    ['noApiProduct', 401, { errorMessage: 'Invalid Access Token - Invalid API call as no apiproduct match found' }],
  ] as const)('are refused in the spelling %s', async (tokenRejection, status, body) => {
    merchant = await Merchant.open({ faults: { tokenRejection, tokenRejected: 1 } });
    expect(await merchant.push()).toMatchObject({ status, json: body });
    expect((await merchant.push()).status).toBe(200);
  });

  it('are echoed by 401.002.01, and refused without a word by plain401', async () => {
    merchant = await Merchant.open({ faults: { tokenRejection: '401.002.01', tokenRejected: 2 } });
    expect((await merchant.push()).json).toMatchObject({
      errorMessage: `Error Occurred - Invalid Access Token - ${merchant.token}`,
    });
    merchant.simulator.setFaults({ tokenRejection: 'plain401' });
    expect(await merchant.push()).toMatchObject({ status: 401, text: '' });
  });

  it('do not help an app without the product', async () => {
    const apps = [{ consumerKey: 'demo-consumer-key', consumerSecret: 'demo-consumer-secret', products: [] }];
    merchant = await Merchant.open({
      directory: { apps, merchants: [{ shortcode: '174379', name: 'Shop', passkey: 'k' }] },
    });
    expect(await merchant.push()).toMatchObject({
      status: 401,
      json: { errorMessage: expect.stringContaining('no apiproduct match') },
    });
  });

  it('can all be ended by a control call', async () => {
    merchant = await Merchant.open();
    await merchant.control('POST', '/tokens/expire');
    expect((await merchant.push()).status).toBe(404);
  });
});
