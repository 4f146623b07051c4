import { DEFAULT_WEBHOOK_SECRET, startMonerooSimulator, type MonerooSimulator } from '#libs/simulators/moneroo';
import { Metrics } from '../../src/metrics/metrics.js';
import type { TestAnswer, TestMerchant } from './gateway.js';
import { PaymentStage, type StageOptions } from './payments.js';

/** The simulator's published demo app. */
export const MONEROO_ACCOUNT = {
  provider: 'moneroo',
  credentials: {
    secretKey: 'pvk_sandbox_demo01|01J8Z0000000000000SANDBOX1',
    webhookSecret: DEFAULT_WEBHOOK_SECRET,
  },
} as const;

/** Milliseconds instead of seconds, and nobody who pays without being told to. */
const FAST = {
  sandboxMethods: 'all',
  requestsPerMinute: 0,
  pendingDelayMs: 1,
  processingDelayMs: 1,
  answerDelayMs: 600_000,
  webhookRetryDelayMs: 20,
} as const;

/** A stage of payments with a simulated Moneroo beside M-Pesa: a merchant with an account there, whose webhook URL it knows. */
export class MonerooStage {
  private constructor(
    readonly payments: PaymentStage,
    readonly moneroo: MonerooSimulator,
    /** Where Moneroo's webhooks of the merchant's account go. */
    readonly webhookUrl: string,
    readonly accountId: string,
  ) {}

  static async start(options: Pick<StageOptions, 'database' | 'environment'>): Promise<MonerooStage> {
    const moneroo = await startMonerooSimulator({ settings: FAST });
    const payments = await PaymentStage.start(options);
    const account = await connectMoneroo(payments, moneroo, payments.merchant);
    const stage = new MonerooStage(payments, moneroo, account.webhookUrl, account.id);
    await stage.subscribe(stage.webhookUrl);
    return stage;
  }

  /** Enters a webhook URL in Moneroo's dashboard. */
  async subscribe(url: string): Promise<void> {
    const body = JSON.stringify([{ url, secret: DEFAULT_WEBHOOK_SECRET }]);
    const answer = await fetch(`${this.moneroo.baseUrl}/_control/webhooks`, { method: 'PUT', body });
    if (!answer.ok) throw new Error(`The webhook was refused: ${await answer.text()}`);
  }

  private made = 0;
  private phones = 0;

  /** A number of Benin that no other payment of this stage used and that has no magic of its own. */
  freshPhone(): string {
    return `+2290190${String(110_000 + ++this.phones)}`;
  }

  /** Asks a customer for 2500 XOF on Moneroo's page, unless the test says otherwise. */
  collect(body: object = {}, key = this.payments.merchant.key): Promise<TestAnswer> {
    const name = `moneroo-${++this.made}`;
    return this.payments.gateway.request('POST /v1/collections', {
      key,
      headers: { 'idempotency-key': name },
      body: { ...this.toCollection(name), ...body },
    });
  }

  /** Such a request, with a reference and a phone of its own. */
  toCollection(reference: string): Record<string, unknown> {
    return {
      reference,
      amount: '2500',
      currency: 'XOF',
      method: 'mtn_bj',
      returnUrl: 'https://shop.example/thanks?cart=1',
      customer: { phone: this.freshPhone(), firstName: 'Ama', lastName: 'Koffi', email: 'ama.k@example.com' },
    };
  }

  /** Pays 2500 XOF to somebody in Benin, unless the test says otherwise. */
  payOut({ recipient, ...body }: Record<string, unknown> = {}): Promise<TestAnswer> {
    const name = `moneroo-${++this.made}`;
    const { customer, returnUrl: _, ...collection } = this.toCollection(name);
    return this.payments.gateway.request('POST /v1/payouts', {
      key: this.payments.merchant.key,
      headers: { 'idempotency-key': name },
      body: {
        ...collection,
        purpose: 'supplier',
        recipient: { ...(customer as object), ...(recipient as object | undefined) },
        ...body,
      },
    });
  }

  /** Such a collection, up to where the customer has the page in front of him. */
  async collectUntilPending(body: object = {}): Promise<any> {
    const { body: created } = await this.collect(body);
    return this.payments.until(created.id, ['pending']);
  }

  /** What the customer does on the page: a plain browser that sends its form. */
  async press(
    transaction: any,
    action: 'pay' | 'fail' | 'cancel',
    phone: string = transaction.customer.phone.slice(1),
  ): Promise<Response> {
    const body = new URLSearchParams({ action, method: 'mtn_bj', phone });
    const page = transaction.nextAction.url;
    await fetch(page, { method: 'POST', body, redirect: 'manual' });
    await this.moneroo.idle();
    return fetch(page, { redirect: 'manual' });
  }

  /** What Moneroo has taken in for one attempt of ours, or with one id. */
  find(match: (taken: any) => boolean): any[] {
    return this.moneroo.transactions().filter(match);
  }

  /** The messages about the merchant's payments, newest first. */
  async callbacks(query = ''): Promise<any[]> {
    const { key } = this.payments.merchant;
    return (await this.payments.gateway.request(`GET /v1/callbacks?limit=100${query}`, { key })).body.data;
  }

  /** How many messages led nowhere, in all processes together. */
  async unmatched(): Promise<number> {
    const { gateway } = this.payments;
    const metrics = [gateway.get(Metrics), ...gateway.workers.map(({ app }) => app.get(Metrics, { strict: false }))];
    const counts = await Promise.all(metrics.map(({ unmatchedCallbacks }) => unmatchedCallbacks.get()));
    return counts.flatMap(({ values }) => values).reduce((sum, { value }) => sum + value, 0);
  }

  async close(): Promise<void> {
    await this.payments.close();
    await this.moneroo.close();
  }
}

/** Gives a merchant an account at the simulated Moneroo; answers it as the API does. */
export async function connectMoneroo(
  { gateway }: PaymentStage,
  { baseUrl }: Pick<MonerooSimulator, 'baseUrl'>,
  { key }: TestMerchant,
): Promise<any> {
  const body = { ...MONEROO_ACCOUNT, settings: { baseUrl } };
  const answer = await gateway.request('POST /v1/provider-accounts', { key, body });
  if (answer.status !== 201) throw new Error(`The account was refused: ${answer.text}`);
  return answer.body;
}
