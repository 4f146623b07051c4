import type { TestAnswer } from './gateway.js';
import type { PaymentStage } from './payments.js';

let made = 0;

/** A payment link of 150 KES, but for what the test says. */
export function toLinkRequest(given: object = {}): Record<string, unknown> {
  return {
    reference: `LINK-${++made}`,
    itemName: 'Two sacks of maize',
    amount: '150.00',
    currency: 'KES',
    successUrl: 'https://shop.example/thanks?cart=7',
    failureUrl: 'https://shop.example/cart',
    ...given,
  };
}

/** What a browser gets of the page, and what its forms hold. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of the first form. */
  readonly nonce: string;
}

/** What any stage has that links can be made on. */
export type LinkGround = Pick<PaymentStage, 'gateway' | 'merchant' | 'pass'>;

/** Merchants and visitors of payment links, over HTTP, whoever the provider is. */
export class LinkCalls {
  constructor(private readonly ground: LinkGround) {}

  call(route: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> {
    return this.ground.gateway.request(route, { key: this.ground.merchant.key, body, headers });
  }

  /** The link as it was created. */
  async create(given: object = {}): Promise<any> {
    const answer = await this.call('POST /v1/payment-links', toLinkRequest(given));
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body;
  }

  async read(id: string): Promise<any> {
    return (await this.call(`GET /v1/payment-links/${id}`)).body;
  }

  /** The types of the events of a link, in order, once the last of them is there. */
  async untilTold(id: string, type: string): Promise<string[]> {
    for (let turn = 0; turn < 200; turn++) {
      const types = (await this.events(id)).map((event) => event.type.replace('payment_link.', ''));
      if (types.includes(type)) return types;
      await this.ground.pass(1_000);
    }
    throw new Error(`${type} was never told of ${id}.`);
  }

  /** In the order in which they happened. */
  async events(id: string): Promise<any[]> {
    const { body } = await this.call('GET /v1/events?type=payment_link.*&limit=100');
    return body.data.filter(({ data }: any) => data.id === id);
  }

  /** Lets time pass until the link is in this status. */
  async until(id: string, status: string): Promise<any> {
    for (let turn = 0; turn < 200; turn++) {
      const link = await this.read(id);
      if (link.status === status) return link;
      await this.ground.pass(1_000);
    }
    throw new Error(`The link ${id} never was ${status}.`);
  }

  /** Opens the page as a browser does. */
  async open(url: string, headers: Record<string, string> = {}): Promise<PageAnswer> {
    return toPage(await fetch(url, { headers: { accept: 'text/html', ...headers }, redirect: 'manual' }));
  }

  /** Sends a form of the page, from the page's own origin unless the test says otherwise. */
  async post(url: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<PageAnswer> {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: new URL(url).origin, ...headers },
      body: new URLSearchParams(fields),
    });
    return toPage(answer);
  }
}

/** The same on the stage of payments, where customers have phones. */
export class LinkStage extends LinkCalls {
  constructor(readonly stage: PaymentStage) {
    super(stage);
  }

  /** One customer's way: opens the page, fills the form in, sends it. */
  async pay(url: string, phone: string, fields: Record<string, string> = {}): Promise<PageAnswer> {
    const { nonce } = await this.open(url);
    return this.post(`${url}/attempts`, { nonce, phone, method: 'mpesa_ke', ...fields });
  }

  /** Phones on which nobody answers until `answer` does. */
  quietPhone(): string {
    const phone = this.stage.freshPhone();
    this.quiet[phone.slice(1)] = 'ignore';
    this.stage.mpesa.setFaults({ outcomeByPhone: this.quiet });
    return phone;
  }

  private readonly quiet: Record<string, 'ignore'> = {};

  /** What somebody does with the prompt on a phone: the simulator's own control. */
  async answer(phone: string, action: 'pin' | 'wrong_pin' | 'cancel'): Promise<void> {
    await this.stage.promptOn(phone);
    const answer = await fetch(`${this.stage.mpesa.baseUrl}/_control/phones/${phone.slice(1)}/answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, waitMs: 5_000 }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

async function toPage(answer: Response): Promise<PageAnswer> {
  const text = await answer.text();
  const nonce = /name="nonce" value="([^"]+)"/.exec(text)?.[1] ?? '';
  return { status: answer.status, headers: answer.headers, text, nonce };
}
