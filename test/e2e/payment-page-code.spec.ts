import { DexchangeStage } from '../support/dexchange.js';
import { toLinkRequest } from '../support/link-stage.js';

const OTP = '482913';

describe('A payment page of several countries and rails', () => {
  let stage: DexchangeStage;

  beforeAll(async () => {
    stage = await DexchangeStage.start('sqlite', { settings: { fixedOtp: OTP } });
  });
  afterAll(() => stage.close());

  const open = async (url: string) => {
    const text = await (await fetch(url)).text();
    return { text, nonce: /name="nonce" value="([^"]+)"/.exec(text)?.[1] ?? '' };
  };
  const post = (url: string, fields: Record<string, string>) =>
    fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: new URL(url).origin },
      body: new URLSearchParams(fields),
    });
  const read = async (id: string) => (await stage.request(`GET /v1/payment-links/${id}`)).body;

  /** The codes in the order of the page, those of other countries behind a bar, the one that is marked in brackets. */
  const toOffer = (text: string): string =>
    [...text.matchAll(/<details|name="method" value="(\w+)"(\s+checked)?/g)]
      .map(([, code, checked]) => (code === undefined ? '|' : checked ? `[${code}]` : code))
      .join(' ');

  it('offers those of the visitor’s country, and of the number’s operator first', async () => {
    const make = async (given: object) =>
      (await stage.request('POST /v1/payment-links', toLinkRequest({ amount: '7500', currency: 'XOF', ...given })))
        .body;
    const { url } = await make({});
    const visit = async (to: string, language: string) =>
      (await fetch(to, { headers: { 'accept-language': language } })).text();
    const ivorian = await visit(url, 'fr-CI,fr;q=0.9');
    // Nothing speaks for one of them, so none is marked: a wrong guess costs a failed try.
    expect(toOffer(ivorian)).toBe(
      'moov_ci mtn_ci orange_ci wave_ci | moov_ml orange_ml freemoney_sn orange_sn wave_sn wizall_sn',
    );
    expect(ivorian).toContain('Un autre pays<small>Mali, Sénégal</small>');
    const known = await make({ customer: { phone: '+221781234567' } });
    expect(toOffer(await visit(known.url, 'fr-CI'))).toBe(
      '[orange_sn] wave_sn wizall_sn freemoney_sn | moov_ci mtn_ci orange_ci wave_ci moov_ml orange_ml',
    );
    const { nonce } = await open(url);
    const back = await post(`${url}/attempts`, { nonce, phone: '+2250512345678', method: '' });
    expect([back.status, toOffer(await back.text()).split(' |')[0]]).toEqual([
      422,
      '[mtn_ci] wave_ci moov_ci orange_ci',
    ]);
    const national = await post(`${known.url}/attempts`, {
      nonce: (await open(known.url)).nonce,
      phone: '76 123 45 67',
      method: '',
    });
    expect(toOffer(await national.text()).split(' |')[0]).toBe('[freemoney_sn] wave_sn wizall_sn orange_sn');
    const chosen = await post(`${url}/attempts`, { nonce, phone: '12', method: 'moov_ml' });
    expect(await chosen.text()).toMatch(/<details open>/);
  });

  it('asks for a one-time code, says what is wrong with it, and is paid', async () => {
    const request = toLinkRequest({ amount: '7500', currency: 'XOF', methods: ['wizall_sn'], locale: 'fr' });
    const { body: link } = await stage.request('POST /v1/payment-links', request);
    const first = await open(link.url);
    expect(first.text).toContain('Payer 7 500 F CFA');
    await post(`${link.url}/attempts`, { nonce: first.nonce, method: 'wizall_sn', phone: stage.freshPhone() });
    const { lastTransactionId } = await read(link.id);
    await stage.untilStatus(lastTransactionId, 'pending', { stepMs: 0 });

    const asked = await open(link.url);
    expect(asked.text).toContain('autocomplete="one-time-code"');
    // Nobody's half-typed code is refreshed away.
    expect(asked.text).not.toContain('http-equiv="refresh"');
    const { nonce } = asked;
    const wrong = await post(`${link.url}/otp`, { nonce, otp: '000000' });
    expect([wrong.status, (await wrong.text()).includes('Ce code n’a pas été accepté')]).toEqual([422, true]);
    expect((await post(`${link.url}/otp`, { nonce, otp: ' ' })).status).toBe(422);
    expect((await post(`${link.url}/otp`, { otp: OTP })).status).toBe(303);
    expect((await stage.transaction(lastTransactionId)).nextAction).toEqual({ type: 'enter_otp' });
    expect((await post(`${link.url}/otp`, { nonce, otp: OTP })).status).toBe(303);
    await stage.untilStatus(lastTransactionId, 'succeeded');
    expect(await read(link.id)).toMatchObject({ status: 'paid', paidBy: lastTransactionId });
    expect((await open(link.url)).text).toContain('Payé. Merci');
    // Too late is no error: the page shows how it stands.
    expect((await post(`${link.url}/otp`, { nonce, otp: OTP })).status).toBe(303);
  });
});
