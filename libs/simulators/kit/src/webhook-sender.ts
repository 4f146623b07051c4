import type { Errands } from './errands.js';
import { postMessage } from './http.js';
import type { SimulatorTime } from './time.js';
import type { TriedEntry, WebhookEntry, WebhookLog, WebhookRecord } from './webhook-log.js';

/** What a provider's documents say about how webhooks are sent. */
export interface SendingRules<E extends WebhookEntry> {
  readonly toHeaders: (webhook: WebhookRecord<E>) => Readonly<Record<string, string>>;
  /** How long an answer is waited for. */
  readonly timeoutMs: () => number;
  /** The pause after so many tries in vain; undefined where there is no other. */
  readonly pauseMsAfter: (tries: number) => number | undefined;
}

/** A book that holds webhooks. */
interface WebhookBook<E extends WebhookEntry> {
  readonly webhooks: WebhookLog<E>;
  record(entry: TriedEntry): void;
  durable(): Promise<void>;
}

/** Sends the webhooks of a book until each is taken or given up, across restarts. */
export class WebhookSender<E extends WebhookEntry> {
  constructor(
    private readonly world: {
      readonly book: WebhookBook<E>;
      readonly time: SimulatorTime;
      readonly errands: Errands;
    },
    private readonly rules: SendingRules<E>,
  ) {}

  /** Takes up what an earlier run left: what it was sending is sent again, for nobody knows whether it arrived. */
  resume(): void {
    const { book, time } = this.world;
    for (const webhook of book.webhooks.all) {
      if (webhook.state === 'sending') void this.send(webhook);
      else if (webhook.againAt !== null) this.sendLater(webhook.againAt - time.now(), webhook);
    }
  }

  /** Sends one that the book has. Resolves when this try was answered or given up; others may follow. */
  async send(webhook: WebhookRecord<E>): Promise<void> {
    if (webhook.state === 'dropped') return;
    await this.world.errands.run(() => this.try(webhook));
  }

  private async try(webhook: WebhookRecord<E>): Promise<void> {
    const { book, errands, time } = this.world;
    const { signal } = errands;
    const isGivenUp = (): boolean => signal.aborted;
    // Written down before the bytes leave.
    await book.durable();
    if (isGivenUp()) return;
    const { url, body } = webhook;
    const patience = errands.patience(this.rules.timeoutMs());
    const { status, error } = await postMessage({ url, body, headers: this.rules.toHeaders(webhook) }, patience);
    if (isGivenUp()) return;
    const isTaken = book.webhooks.isTaken(status);
    const pauseMs = isTaken ? undefined : this.rules.pauseMsAfter(webhook.tries.length + 1);
    const againAt = pauseMs === undefined ? null : time.now() + pauseMs;
    book.record({ kind: 'tried', id: webhook.id, at: time.now(), status, error, againAt });
    if (pauseMs !== undefined) this.sendLater(pauseMs, webhook);
  }

  /** Nobody waits for a retry: it may be ten minutes away. */
  private sendLater(delayMs: number, webhook: WebhookRecord<E>): void {
    this.world.errands.later(delayMs, () => this.send(webhook), { counts: false });
  }
}
