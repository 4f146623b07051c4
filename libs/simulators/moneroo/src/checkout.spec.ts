import { idOf, Merchant } from './spec-support.js';

let merchant: Merchant;
beforeEach(async () => {
  merchant = await Merchant.open({ settings: { answerDelayMs: 600_000 } });
});
afterEach(() => merchant.close());

const open = (path: string, form?: Record<string, string>) =>
  fetch(merchant.simulator.baseUrl + path, {
    redirect: 'manual',
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });

async function begin(changes: Readonly<Record<string, unknown>> = {}): Promise<{ id: string; path: string }> {
  const answer = await merchant.collect(changes);
  const { checkout_url } = (answer.json as { data: { checkout_url: string } }).data;
  return { id: idOf(answer), path: new URL(checkout_url).pathname };
}

it('a browser chooses, pays, and goes back with the id and the status', async () => {
  const { id, path } = await begin();
  const page = await open(path);
  expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://shop.example");
  const text = await page.text();
  expect(text).toContain('Simulated. No real money');
  expect(text).toContain('<option value="mtn_bj">MTN MoMo Benin</option>');
  expect((await open(path, { action: 'pay', method: 'mtn_bj', phone: '+229 01 90 11 22 33' })).status).toBe(303);
  await merchant.simulator.idle();
  const back = await open(path);
  expect(back.headers.get('location')).toBe(`https://shop.example/back?cart=1&paymentId=${id}&paymentStatus=success`);
  expect(merchant.simulator.transfers()).toMatchObject([{ direction: 'in', party: '2290190112233', amount: '2500' }]);
  expect(merchant.heard.map(({ event }) => event)).toEqual(['payment.initiated', 'payment.success']);
});

it('a failed try is announced, and the next may succeed', async () => {
  const { id, path } = await begin();
  await open(path, { action: 'fail', method: 'mtn_bj', phone: '2290190112233' });
  expect(await merchant.settled('payments', id)).toMatchObject({ status: 'failed' });
  expect(await (await open(path)).text()).toContain('The payment failed');
  await open(path, { action: 'pay', method: 'mtn_bj', phone: '2290190112233' });
  expect(await merchant.settled('payments', id)).toMatchObject({ status: 'success' });
  expect(merchant.heard.map(({ event }) => event)).toEqual(['payment.initiated', 'payment.failed', 'payment.success']);
});

it('the payer cancels, and pressing twice pays once', async () => {
  const cancelled = await begin();
  await open(cancelled.path, { action: 'cancel' });
  expect(await merchant.settled('payments', cancelled.id)).toMatchObject({ status: 'cancelled', capture: null });
  const paid = await begin();
  const press = () => open(paid.path, { action: 'pay', method: 'mtn_bj', phone: '2290190112233' });
  await Promise.all([press(), press()]);
  await merchant.simulator.idle();
  expect(merchant.simulator.transfers()).toHaveLength(1);
});

it('refuses methods, phones and actions that are not on offer, and escapes what it shows', async () => {
  const { path } = await begin({
    description: '<script>alert(1)</script>',
    methods: ['mtn_bj'],
    restricted_phone: { number: '2290190112233', country_code: 'BJ' },
  });
  for (const form of [
    { action: 'pay', method: 'wave_sn', phone: '2290190112233' },
    { action: 'pay', method: 'mtn_bj', phone: 'ama' },
    { action: 'pay', method: 'mtn_bj', phone: '2290190119999' },
    { action: 'steal', method: 'mtn_bj', phone: '2290190112233' },
  ]) {
    const page = await open(path, form);
    const text = await page.text();
    expect(page.status).toBe(200);
    expect(text).toContain('role="alert"');
    expect(text).not.toContain('<script>');
  }
  expect((await open('/checkout/py_nobody')).status).toBe(404);
  await merchant.simulator.idle();
  expect(merchant.simulator.transfers()).toEqual([]);
});

it('a checkout that nobody pays on is cancelled', async () => {
  await merchant.close();
  merchant = await Merchant.open({ settings: { answerDelayMs: 600_000, abandonMs: 1 } });
  const { id } = await begin();
  for (let status = ''; status !== 'cancelled';) status = String((await merchant.settled('payments', id))['status']);
  expect(merchant.simulator.transfers()).toEqual([]);
});

it('the control API answers for a phone, and phones show what arrived', async () => {
  await begin();
  const phone = '/_control/phones/2290190112233';
  expect((await merchant.call('GET', phone)).json).toMatchObject({
    prompt: { text: 'Demo shop: 2500 XOF, Order 118' },
    messages: [],
  });
  expect((await merchant.call('POST', `${phone}/answer`, { action: 'pin' })).status).toBe(200);
  expect((await merchant.call('POST', '/_control/idle', { waitMs: 30_000 })).json).toEqual({ idle: true });
  await merchant.payOut();
  await merchant.simulator.idle();
  const { messages } = (await merchant.call('GET', phone)).json as { messages: { text: string }[] };
  expect(messages.map(({ text }) => text.slice(0, 22))).toEqual(['You have received 2500', 'You have paid 2500 XOF']);
  expect(await (await open('/phones')).text()).toContain('You have received 2500 XOF from Demo shop');
  expect((await merchant.call('POST', `${phone}/answer`, { action: 'pin' })).status).toBe(404);
});
