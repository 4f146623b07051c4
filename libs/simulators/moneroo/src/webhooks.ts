import { createHmac } from 'node:crypto';
import { postMessage, type Delivery, type Watch } from '#libs/simulators/kit';
import type { Status, Subscription, Transaction, WebhookRecord } from './book.js';
import { writeJson } from './bodies.js';
import { deriveId } from './ids.js';
import type { World } from './world.js';

/** Sends webhooks: until one is answered with exactly 200, and late, twice, wrong or never where a fault says so. */
export class Webhooks {
  private readonly timers = new Set<() => void>();
  private busy = 0;
  // A reset or the end of the simulator: what was under way before is nobody's business any more.
  private abort = new AbortController();

  constructor(
    private readonly world: World,
    private readonly watch: Watch,
  ) {}

  /** Nothing is on its way. What waits for its next try is not: that may take ten minutes. */
  get isIdle(): boolean {
    return this.busy === 0;
  }

  /** Takes up what an earlier run left: what it was sending is sent again, for nobody knows whether it arrived. */
  resume(): void {
    const { time } = this.world;
    for (const webhook of this.world.book.webhooks) {
      if (webhook.state === 'sending') void this.send(webhook);
      else if (webhook.againAt !== null) this.after(webhook.againAt - time.now(), false, () => this.send(webhook));
    }
  }

  /** Tells every subscriber what became of it. Resolves when the first try of each was answered or given up. */
  async announce(transaction: Transaction, status: Status): Promise<void> {
    const { faults, book, directory } = this.world;
    if (status === 'pending') return; // There is no such event (§9).
    const { app } = transaction.record;
    const configured = directory.apps.find(({ id }) => id === app)?.webhooks ?? [];
    const subscriptions = book.subscriptions.get(app) ?? configured;
    const body = toBody(this.world, transaction, status);
    const event = toEvent(this.world, transaction, status);
    const late =
      faults.get('webhookExtraDelayMs') + (status === 'initiated' ? faults.get('webhookInitiatedDelayMs') : 0);
    const isDropped = subscriptions.length > 0 && faults.strikes('webhookDrop');
    const sendings = subscriptions.map(async (subscription) => {
      for (let copy = 0; copy <= (isDropped ? 0 : faults.get('webhookCopies')); copy++) {
        const send = () =>
          this.send(this.write({ subscription, event, body, about: transaction.record.id, isDropped }));
        if (late === 0) await send();
        else this.after(late, true, send);
      }
    });
    await Promise.all(sendings);
  }

  /** Sends any body to any address, once, signed with any secret or none. */
  async forge(message: {
    url: string;
    body: string;
    secret?: string;
    headers?: Readonly<Record<string, string>>;
  }): Promise<Delivery> {
    const { url, body, secret, headers } = message;
    const signature: Record<string, string> = secret === undefined ? {} : { 'X-Moneroo-Signature': sign(body, secret) };
    this.busy++;
    try {
      return await postMessage({ url, body, headers: { ...signature, ...headers } }, this.patience());
    } finally {
      this.done();
    }
  }

  /** Gives up everything that is under way or waiting. */
  stop(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.abort.abort();
    this.abort = new AbortController();
    this.busy = 0;
  }

  private write(message: {
    subscription: Subscription;
    event: string;
    body: string;
    about: string;
    isDropped: boolean;
  }): WebhookRecord {
    const { book, faults, time } = this.world;
    const { url, secret } = message.subscription;
    const signatures = {
      right: sign(message.body, secret),
      wrong: sign(message.body, `${secret}-of-somebody-else`),
      missing: null,
      prefixed: `sha256=${sign(message.body, secret)}`,
    };
    const { event, body, about, isDropped: dropped } = message;
    const signature = signatures[faults.get('webhookSignature')];
    const id = book.webhooks.length + 1;
    book.record({ kind: 'webhook', id, about, event, url, body, signature, at: time.now(), dropped });
    const written = book.webhooks[id - 1];
    if (!written) throw new Error('The book lost a webhook');
    return written;
  }

  private async send(webhook: WebhookRecord): Promise<void> {
    if (webhook.state === 'dropped') return;
    const { book, settings, time } = this.world;
    const { signal } = this.abort;
    this.busy++;
    try {
      await book.durable();
      const signature: Record<string, string> =
        webhook.signature === null ? {} : { 'X-Moneroo-Signature': webhook.signature };
      const headers = { 'Content-Type': 'application/json', Accept: 'application/json', ...signature };
      const delivery = await postMessage({ url: webhook.url, body: webhook.body, headers }, this.patience());
      if (signal.aborted) return;
      const isLast = webhook.tries.length + 1 >= settings.get('webhookTries');
      const delayMs = settings.get('webhookRetryDelayMs');
      const againAt = delivery.status === 200 || isLast ? null : time.now() + delayMs;
      book.record({ kind: 'tried', id: webhook.id, at: time.now(), ...delivery, againAt });
      if (againAt !== null) this.after(delayMs, false, () => this.send(webhook));
    } finally {
      if (!signal.aborted) this.done();
    }
  }

  private patience(): AbortSignal {
    return AbortSignal.any([this.abort.signal, AbortSignal.timeout(this.world.settings.get('webhookTimeoutMs'))]);
  }

  private done(): void {
    this.busy--;
    this.watch.changed();
  }

  /** `counts`: whether the simulator is at work meanwhile. */
  private after(delayMs: number, counts: boolean, work: () => Promise<void>): void {
    if (counts) this.busy++;
    const cancel = this.world.time.after(delayMs, () => {
      this.timers.delete(cancel);
      void work().finally(() => (counts ? this.done() : undefined));
    });
    this.timers.add(cancel);
  }
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
