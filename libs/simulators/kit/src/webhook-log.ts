import { z } from 'zod';
import { toIsoTime } from './time.js';

/** What every entry of a book about a new webhook has; each simulator adds what its own webhooks are about. */
export const WEBHOOK_FIELDS = {
  kind: z.literal('webhook'),
  /** From 1, in order. */
  id: z.number(),
  url: z.string(),
  body: z.string(),
  signature: z.string().nullable(),
  at: z.number(),
  /** It is never sent. */
  dropped: z.boolean(),
} as const;

/** The entry about one try to send a webhook. */
export const TriedEntrySchema = z.object({
  kind: z.literal('tried'),
  id: z.number(),
  at: z.number(),
  status: z.number().nullable(),
  error: z.string().nullable(),
  /** When it is sent again, or null where it is not. */
  againAt: z.number().nullable(),
});

export type WebhookEntry = z.infer<z.ZodObject<typeof WEBHOOK_FIELDS>>;
export type TriedEntry = z.infer<typeof TriedEntrySchema>;

/** How far a webhook has come. */
export interface WebhookProgress {
  readonly tries: { readonly at: number; readonly status: number | null; readonly error: string | null }[];
  state: 'sending' | 'waiting' | 'delivered' | 'failed' | 'dropped';
  againAt: number | null;
}

/** A webhook with each of its tries. */
export type WebhookRecord<E extends WebhookEntry = WebhookEntry> = Readonly<Omit<E, 'kind'>> & WebhookProgress;

/** The part of a book that holds webhooks. */
export class WebhookLog<E extends WebhookEntry> {
  readonly all: WebhookRecord<E>[] = [];

  /** `isTaken`: which answers end the tries. */
  constructor(readonly isTaken: (status: number | null) => boolean) {}

  get nextId(): number {
    return this.all.length + 1;
  }

  find(id: number): WebhookRecord<E> | undefined {
    return this.all[id - 1];
  }

  get(id: number): WebhookRecord<E> {
    const found = this.find(id);
    if (!found) throw new Error(`The book has no webhook ${id}`);
    return found;
  }

  add({ kind: _, ...webhook }: E): void {
    this.all.push({ ...webhook, tries: [], state: webhook.dropped ? 'dropped' : 'sending', againAt: null });
  }

  addTry({ id, at, status, error, againAt }: TriedEntry): void {
    const webhook = this.get(id);
    webhook.tries.push({ at, status, error });
    webhook.againAt = againAt;
    webhook.state = this.isTaken(status) ? 'delivered' : againAt === null ? 'failed' : 'waiting';
  }

  clear(): void {
    this.all.length = 0;
  }
}

/** A webhook as the control API shows it: times for people. */
export function toWebhookView<E extends WebhookEntry>({ at, tries, againAt, ...webhook }: WebhookRecord<E>) {
  return {
    ...webhook,
    createdAt: toIsoTime(at),
    tries: tries.map((attempt) => ({ ...attempt, at: toIsoTime(attempt.at) })),
    nextTryAt: toIsoTime(againAt),
  };
}
