import { createHmac } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startMonerooSimulator, type MonerooSimulator } from '#libs/simulators/moneroo';

// No client of Moneroo's can be installed from the registry, so its documentation stands in: the request of the page
// "Initialize payout" (docs.moneroo.io, 2026-04), blanks and all, sent by a plain HTTP client.
const PAYOUT = `{
    "amount": 1000,
    "currency": "XOF",
    "description": "Order refund",
    "customer": {
        "email": "john@example.com",
        "first_name": "John",
        "last_name": "Doe"
    },

    "metadata": {
        "payout_request": "123",
        "customer_id": "123"
    },
    "method": "mtn_bj",
    "recipient" : {
        "msisdn" : "22951345020"
    } 
}`;
const SECRET_KEY = 'pvk_sandbox_demo01|01J8Z0000000000000SANDBOX1';
const SECRET = 'a-secret-of-the-merchant';

interface Answer {
  readonly status: number | undefined;
  readonly body: any;
}

describe('What Moneroo’s pages say to send', () => {
  let simulator: MonerooSimulator;
  let merchant: Server;
  let heard: { text: string; signature: unknown }[];

  beforeEach(async () => {
    const settings = {
      sandboxMethods: 'all',
      pendingDelayMs: 0,
      processingDelayMs: 0,
      answerDelayMs: 600_000,
    } as const;
    simulator = await startMonerooSimulator({ settings });
    heard = [];
    merchant = createServer((message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        heard.push({ text, signature: message.headers['x-moneroo-signature'] });
        response.writeHead(200).end();
      });
    });
    await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/hook`;
    const body = JSON.stringify([{ url, secret: SECRET }]);
    await fetch(`${simulator.baseUrl}/_control/webhooks`, { method: 'PUT', body });
  });

  afterEach(async () => {
    await simulator.close();
    await new Promise((resolve) => merchant.close(resolve));
  });

  function call(method: string, path: string, body?: string): Promise<Answer> {
    const headers = {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${SECRET_KEY}`,
      Accept: 'application/json',
      ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      request(simulator.baseUrl + path, { method, headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
      })
        .on('error', reject)
        .end(body);
    });
  }

  it('pays out once, is verified as the official PHP client asks, and its webhooks pass the documented check', async () => {
    const created = await call('POST', '/v1/payouts/initialize', PAYOUT);
    expect([created.status, Object.keys(created.body.data)]).toEqual([201, ['id']]);
    await simulator.idle();
    expect(simulator.transfers()).toMatchObject([
      { direction: 'out', party: '22951345020', amount: '1000', currency: 'XOF', method: 'mtn_bj', reference: '123' },
    ]);
    // It sends an empty list with requests that only read.
    const verified = await call('GET', `/v1/payouts/${created.body.data.id}/verify`, '[]');
    expect(verified.body.data).toMatchObject({
      ...{ status: 'success', amount: 1000, description: 'Order refund' },
      metadata: { payout_request: '123', customer_id: '123' },
    });
    expect(heard.map(({ text }) => JSON.parse(text).event)).toEqual(['payout.initiated', 'payout.success']);
    for (const { text, signature } of heard)
      expect(signature).toBe(createHmac('sha256', SECRET).update(text).digest('hex'));
  });

  it('is refused with the field that its method cannot do without', async () => {
    const incomplete = PAYOUT.replace('"msisdn" : "22951345020"', '');
    const refused = await call('POST', '/v1/payouts/initialize', incomplete);
    expect([refused.status, Object.keys(refused.body.errors)]).toEqual([422, ['recipient.msisdn']]);
    expect(simulator.transfers()).toEqual([]);
  });
});
