import { idOf, inner, Shop } from './spec-support.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open({ settings: { answerDelayMs: 600_000_000 } });
});
afterAll(() => shop.close());
beforeEach(async () => {
  await shop.simulator.idle();
  shop.simulator.reset();
  shop.heard.length = 0;
});

const open = (path: string, form?: Record<string, string>) =>
  fetch(shop.simulator.baseUrl + path, {
    redirect: 'manual',
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });

async function begin(changes: Readonly<Record<string, unknown>> = {}): Promise<{ id: string; path: string }> {
  const answer = await shop.link(changes);
  return { id: idOf(answer), path: new URL(String(inner(answer)['PaymentUrl'])).pathname };
}

it('a browser without scripts chooses, pays, and goes back with nothing added', async () => {
  const { id, path } = await begin();
  const text = await (await open(path)).text();
  expect(text).toContain('Boutique Teranga');
  expect(text).toContain('7500 FCFA');
  expect(text).toContain('<option value="WAVE_SN_CASHOUT">Wave Senegal</option>');
  const sent = await open(path, { action: 'pay', operator: 'OM_SN_CASHOUT', phone: '+221 77 000 00 42' });
  expect(sent.status).toBe(303);
  expect(await shop.settled(id)).toMatchObject({ Status: 'SUCCESS', Number: '770000042' });
  const back = await open(sent.headers.get('location') ?? '');
  expect([back.status, back.headers.get('location')]).toEqual([302, 'https://shop.example/paid?cart=1']);
  expect(await (await open(path)).text()).toContain('already paid');
  expect(shop.simulator.transfers()).toMatchObject([{ direction: 'in', party: '221770000042', amount: '7500' }]);
  expect((await shop.call('GET', '/_control/emails')).json).toMatchObject([{ to: 'boutique@example.sn' }]);
});

it.each([
  ['fail', 'FAILED'],
  ['cancel', 'CANCELLED'],
])('the payer lets it %s, and goes back to the other page', async (action, status) => {
  const { id, path } = await begin();
  const form = { action, operator: 'WAVE_SN_CASHOUT', phone: '770000042' };
  await Promise.all([open(path, form), open(path, form)]);
  expect(await shop.settled(id)).toMatchObject({ Status: status });
  expect((await open(path)).headers.get('location')).toBe('https://shop.example/failed');
  expect(shop.heard).toHaveLength(1);
});

it('refuses operators, phones and actions that are not on offer, and escapes what it shows', async () => {
  const { path } = await begin({ ItemName: '<script>alert(1)</script>' });
  for (const form of [
    { action: 'pay', operator: 'EMONEY', phone: '770000042' },
    { action: 'pay', operator: 'WAVE_SN_CASHOUT', phone: 'awa' },
    { action: 'steal', operator: 'WAVE_SN_CASHOUT', phone: '770000042' },
  ]) {
    const text = await (await open(path, form)).text();
    expect(text).toContain('role="alert"');
    expect(text).not.toContain('<script>alert');
  }
  expect((await open('/process/MIDNOBODY00')).status).toBe(404);
  expect(shop.simulator.transfers()).toEqual([]);
});

it('a named payer pays by himself, unless somebody opens the page; then the link can expire', async () => {
  const named = await begin({ ClientPhone: '770000042' });
  const opened = await begin({ ClientPhone: '770000043' });
  await open(opened.path);
  shop.simulator.advance(600_000_000);
  expect(await shop.settled(named.id)).toMatchObject({ Status: 'SUCCESS' });
  expect(await shop.settled(opened.id)).toMatchObject({ Status: 'EXPIRED' });
});

it('the page hears of the end by a Server-Sent Event', async () => {
  const { id, path } = await begin();
  const events = await open(`${path}/events`);
  expect(events.headers.get('content-type')).toBe('text/event-stream');
  await shop.call('POST', `/_control/transactions/${id}/settle`, { status: 'SUCCESS', operatorRef: 'OM1' });
  expect(await events.text()).toContain('data: {"status":"SUCCESS"}');
});

it('Wave opens a page of its own, and the person decides there', async () => {
  shop.simulator.setSettings({ speed: 1 });
  const collection = inner(await shop.init());
  const hop = await open(new URL(String(collection['deepLink'])).pathname);
  const path = hop.headers.get('location') ?? '';
  expect(new URL(String(collection['cashout_url'])).pathname).toBe(path);
  expect(await (await open(path)).text()).toContain('7500 FCFA');
  shop.simulator.advance(2_000);
  expect(await shop.settled(String(collection['transactionId']))).toMatchObject({ Status: 'PENDING' });
  await open(path, { action: 'pay' });
  expect(await shop.settled(String(collection['transactionId']))).toMatchObject({ Status: 'SUCCESS' });
});

it('the control API answers for a phone, and phones show what arrived', async () => {
  shop.simulator.setSettings({ speed: 1 });
  const id = idOf(await shop.init({ serviceCode: 'OM_SN_CASHOUT' }));
  const phone = '/_control/phones/221770000042';
  expect((await shop.call('GET', phone)).json).toMatchObject({ prompt: { id, pageUrl: null }, messages: [] });
  expect((await shop.call('POST', `${phone}/answer`, { action: 'pin' })).status).toBe(200);
  expect(await shop.settled(id)).toMatchObject({ Status: 'SUCCESS' });
  expect((await shop.call('POST', `${phone}/answer`, { action: 'pin' })).status).toBe(404);
  expect(await (await open('/phones')).text()).toContain('You have paid 7500 FCFA to Boutique Teranga');
  const [delivery] = (await shop.call('GET', '/_control/deliveries')).json as { id: number }[];
  expect((await shop.call('POST', `/_control/deliveries/${delivery?.id}/replay`)).json).toMatchObject({
    state: 'delivered',
  });
  expect(shop.heard).toHaveLength(2);
});
