import { createHmac } from 'node:crypto';
import { postMessage, type Watch } from '#libs/simulators/kit';
import { TERMINAL, type Status, type Transaction, type WebhookRecord } from './book.js';
import { toWebhookBody } from './bodies.js';
import type { World } from './world.js';

/** Pauses before the second, third and fourth try (§12, our assumption). */
const RETRIES_MS = [30_000, 120_000, 600_000];

/** Sends webhooks until one is taken, and late, twice, wrong or never where a fault or a magic number says so. */
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

  /** Tells the merchant of an end. Resolves when the first try of each message was answered or given up. */
  async announce(transaction: Transaction): Promise<void> {
    const { faults } = this.world;
    if (!TERMINAL.includes(transaction.status)) return;
    const lateMs = faults.get('webhookExtraDelayMs');
    const isDropped = faults.strikes('webhookDrop');
    const copies = isDropped || !faults.strikes('duplicateWebhook') ? 1 : 2;
    for (const word of this.toWords(transaction)) {
      for (let copy = 0; copy < copies; copy++) {
        const send = () => this.send(this.write(transaction, word, isDropped));
        if (lateMs === 0) await send();
        else this.after(lateMs, true, send);
      }
    }
  }

  /** Sends one again, as it was. */
  async replay({ about, status, url, body, signature }: WebhookRecord): Promise<WebhookRecord> {
    const { book, time } = this.world;
    const id = book.webhooks.length + 1;
    book.record({ kind: 'webhook', id, about, status, url, body, signature, at: time.now(), dropped: false });
    await this.send(this.need(id));
    return this.need(id);
  }

  /** Gives up everything that is under way or waiting. */
  stop(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.abort.abort();
    this.abort = new AbortController();
    this.busy = 0;
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

  private write(transaction: Transaction, word: Status, dropped: boolean): WebhookRecord {
    const { book, directory, settings, time } = this.world;
    const { record } = transaction;
    const body = toWebhookBody(this.world, transaction, word);
    const secret = directory.merchants.find(({ name }) => name === record.merchant)?.webhookSecret ?? '';
    const isSigned = settings.get('webhookSignature') === 'dexpay';
    const signature = isSigned ? createHmac('sha256', secret).update(body).digest('hex') : null;
    const id = book.webhooks.length + 1;
    const about = record.id;
    book.record({
      kind: 'webhook',
      id,
      about,
      status: word,
      url: record.callbackUrl,
      body,
      signature,
      at: time.now(),
      dropped,
    });
    return this.need(id);
  }

  private need(id: number): WebhookRecord {
    const written = this.world.book.webhooks[id - 1];
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
        webhook.signature === null ? {} : { 'X-Webhook-Signature': webhook.signature };
      const headers = { 'Content-Type': 'application/json', ...signature };
      const patience = AbortSignal.any([signal, AbortSignal.timeout(settings.get('webhookTimeoutMs'))]);
      const { status, error } = await postMessage({ url: webhook.url, body: webhook.body, headers }, patience);
      if (signal.aborted) return;
      const isTaken = status !== null && status >= 200 && status < 300;
      const pauseMs = isTaken ? undefined : RETRIES_MS[webhook.tries.length];
      const againAt = pauseMs === undefined ? null : time.now() + pauseMs;
      book.record({ kind: 'tried', id: webhook.id, at: time.now(), status, error, againAt });
      if (pauseMs !== undefined) this.after(pauseMs, false, () => this.send(webhook));
    } finally {
      if (!signal.aborted) this.done();
    }
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
