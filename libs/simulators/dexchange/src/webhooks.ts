import { createHmac } from 'node:crypto';
import { WebhookSender, type WebhookRecord } from '#libs/simulators/kit';
import { TERMINAL, type Status, type Transaction, type WebhookEntry } from './book.js';
import { toWebhookBody } from './bodies.js';
import type { World } from './world.js';

/** Pauses before the second, third and fourth try (§12, our assumption). */
const RETRIES_MS = [30_000, 120_000, 600_000];

/** Sends webhooks until one is taken, and late, twice, wrong or never where a fault or a magic number says so. */
export class Webhooks {
  private readonly sender: WebhookSender<WebhookEntry>;

  constructor(private readonly world: World) {
    this.sender = new WebhookSender(world, {
      toHeaders: ({ signature }) => ({
        'Content-Type': 'application/json',
        ...(signature === null ? {} : { 'X-Webhook-Signature': signature }),
      }),
      timeoutMs: () => world.settings.get('webhookTimeoutMs'),
      pauseMsAfter: (tries) => RETRIES_MS[tries - 1],
    });
  }

  /** Takes up what an earlier run left. */
  resume(): void {
    this.sender.resume();
  }

  /** Tells the merchant of an end. Resolves when the first try of each message was answered or given up. */
  announce(transaction: Transaction): Promise<void> {
    return this.world.errands.run(() => this.tell(transaction));
  }

  /** Sends one again, as it was. */
  async replay({
    about,
    status,
    url,
    body,
    signature,
  }: WebhookRecord<WebhookEntry>): Promise<WebhookRecord<WebhookEntry>> {
    const copy = this.write({ about, status, url, body, signature, dropped: false });
    await this.sender.send(copy);
    return copy;
  }

  private async tell(transaction: Transaction): Promise<void> {
    const { faults } = this.world;
    if (!TERMINAL.includes(transaction.status)) return;
    const lateMs = faults.get('webhookExtraDelayMs');
    const dropped = faults.strikes('webhookDrop');
    const copies = dropped || !faults.strikes('duplicateWebhook') ? 1 : 2;
    for (const word of this.toWords(transaction)) {
      for (let copy = 0; copy < copies; copy++) {
        const send = () => this.sender.send(this.write({ ...this.toMessage(transaction, word), dropped }));
        if (lateMs === 0) await send();
        else this.world.errands.later(lateMs, send);
      }
    }
  }

  private toWords({ status, plan }: Transaction): readonly Status[] {
    switch (plan?.telling ?? 'once') {
      case 'never':
        return [];
      case 'storm':
        return [status, status, 'PENDING'];
      case 'forged':
        return ['SUCCESS'];
      case 'once':
        return [status];
    }
  }

  private toMessage(transaction: Transaction, word: Status) {
    const { directory, settings } = this.world;
    const { id: about, merchant, callbackUrl: url } = transaction.record;
    const body = toWebhookBody(this.world, transaction, word);
    const secret = directory.merchants.find(({ name }) => name === merchant)?.webhookSecret ?? '';
    const isSigned = settings.get('webhookSignature') === 'dexpay';
    const signature = isSigned ? createHmac('sha256', secret).update(body).digest('hex') : null;
    return { about, status: word, url, body, signature };
  }

  private write(message: Omit<WebhookEntry, 'kind' | 'id' | 'at'>): WebhookRecord<WebhookEntry> {
    const { book, time } = this.world;
    const id = book.webhooks.nextId;
    book.record({ kind: 'webhook', id, at: time.now(), ...message });
    return book.webhooks.get(id);
  }
}
