import { createHmac } from 'node:crypto';
import { postMessage, WebhookSender, type Delivery, type WebhookRecord } from '#libs/simulators/kit';
import type { Status, Subscription, Transaction, WebhookEntry } from './book.js';
import { writeJson } from './bodies.js';
import { deriveId } from './ids.js';
import type { World } from './world.js';

/** Sends webhooks: until one is answered with exactly 200, and late, twice, wrong or never where a fault says so. */
export class Webhooks {
  private readonly sender: WebhookSender<WebhookEntry>;

  constructor(private readonly world: World) {
    const { settings } = world;
    this.sender = new WebhookSender(world, {
      toHeaders: ({ signature }) => ({
        'Content-Type': 'application/json',
        Accept: 'application/json',
        ...(signature === null ? {} : toSignatureHeader(signature)),
      }),
      timeoutMs: () => settings.get('webhookTimeoutMs'),
      pauseMsAfter: (tries) => (tries < settings.get('webhookTries') ? settings.get('webhookRetryDelayMs') : undefined),
    });
  }

  /** Takes up what an earlier run left. */
  resume(): void {
    this.sender.resume();
  }

  /** Tells every subscriber what became of it. Resolves when the first try of each was answered or given up. */
  announce(transaction: Transaction, status: Status): Promise<void> {
    return this.world.errands.run(() => this.tell(transaction, status));
  }

  /** Sends any body to any address, once, signed with any secret or none. */
  forge(message: {
    url: string;
    body: string;
    secret?: string;
    headers?: Readonly<Record<string, string>>;
  }): Promise<Delivery> {
    const { url, body, secret, headers } = message;
    const signature = secret === undefined ? {} : toSignatureHeader(sign(body, secret));
    const patience = this.world.errands.patience(this.world.settings.get('webhookTimeoutMs'));
    return this.world.errands.run(() => postMessage({ url, body, headers: { ...signature, ...headers } }, patience));
  }

  private async tell(transaction: Transaction, status: Status): Promise<void> {
    const { faults, book, directory } = this.world;
    if (status === 'pending') return; // There is no such event (§9).
    const { app } = transaction.record;
    const configured = directory.apps.find(({ id }) => id === app)?.webhooks ?? [];
    const subscriptions = book.subscriptions.get(app) ?? configured;
    const body = toBody(this.world, transaction, status);
    const event = toEvent(this.world, transaction, status);
    const lateMs =
      faults.get('webhookExtraDelayMs') + (status === 'initiated' ? faults.get('webhookInitiatedDelayMs') : 0);
    const dropped = subscriptions.length > 0 && faults.strikes('webhookDrop');
    const sendings = subscriptions.map(async (subscription) => {
      for (let copy = 0; copy <= (dropped ? 0 : faults.get('webhookCopies')); copy++) {
        const send = () =>
          this.sender.send(this.write(subscription, { about: transaction.record.id, event, body, dropped }));
        if (lateMs === 0) await send();
        else this.world.errands.later(lateMs, send);
      }
    });
    await Promise.all(sendings);
  }

  private write(
    { url, secret }: Subscription,
    message: Pick<WebhookEntry, 'about' | 'event' | 'body' | 'dropped'>,
  ): WebhookRecord<WebhookEntry> {
    const { book, faults, time } = this.world;
    const signatures = {
      right: sign(message.body, secret),
      wrong: sign(message.body, `${secret}-of-somebody-else`),
      missing: null,
      prefixed: `sha256=${sign(message.body, secret)}`,
    };
    const signature = signatures[faults.get('webhookSignature')];
    const id = book.webhooks.nextId;
    book.record({ kind: 'webhook', id, url, signature, at: time.now(), ...message });
    return book.webhooks.get(id);
  }
}

function toSignatureHeader(signature: string): Readonly<Record<string, string>> {
  return { 'X-Moneroo-Signature': signature };
}

function sign(body: string, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

function toEvent({ faults }: World, { record }: Transaction, status: Status): string {
  const said = status === 'initiated' ? status : (faults.get('webhookStatus') ?? status);
  return `${record.kind}.${said}`;
}

/** Thin, with names of its own: camelCase where the API has snake_case, and no metadata (§9). */
function toBody(world: World, transaction: Transaction, status: Status): string {
  const { faults, settings } = world;
  const { id, amount, currency, customer, metadata } = transaction.record;
  const said = status === 'initiated' ? status : (faults.get('webhookStatus') ?? status);
  const data = {
    id,
    amount: Number(faults.get('webhookAmount') ?? amount),
    currency,
    status: said,
    customer: {
      id: deriveId('customer', customer.email),
      email: customer.email,
      firstName: customer.firstName,
      lastName: customer.lastName,
      phone: customer.phone === null ? null : `+${customer.phone.replace(/(\d{3})(?=\d)/g, '$1 ')}`,
    },
    ...(settings.get('webhookMetadata') ? { metadata } : {}),
  };
  return writeJson(world, { event: toEvent(world, transaction, status), data });
}
