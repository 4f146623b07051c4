import { createHmac } from 'node:crypto';
import type { OutgoingMessage, SendResult } from '../src/webhooks/webhook-sender.js';
import { Violation } from './auditor.js';
import type { Subscriber } from './stage.js';
import type { World } from './world.js';

const ATTEMPT_TIMEOUT_MS = 15_000;

/** The merchants' ends of the webhooks: they check each message as a receiver should, and remember what they heard. */
export class Receivers {
  /** `merchant/event` of everything that was taken with a 2xx. */
  readonly heard = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly subscribers: readonly Subscriber[],
    /** Whose an event is, as the database has it. */
    private readonly ownerOf: (eventId: string) => string | undefined,
  ) {}

  /** One attempt, as the real sender makes it: never throws, and a 2xx is what counts. */
  async send(message: OutgoingMessage): Promise<SendResult> {
    const { world } = this;
    const at = world.gatewayNow();
    const subscriber = this.subscribers.find(({ url }) => url === message.url);
    if (!subscriber) throw new Error(`A webhook goes to ${message.url}, which is nobody's.`);
    this.check(message, subscriber);
    const fault = world.faults.draw('receiver');
    await world.wait(fault === 'receiver_silent' ? ATTEMPT_TIMEOUT_MS : world.dice.whole(10, 800));
    const id = message.headers['webhook-id'] ?? '';
    // Whoever falls silent may well have taken it: the next attempt carries the same id.
    if (fault !== 'receiver_failing') this.heard.add(`${subscriber.merchantId}/${id}`);
    const statusCode = fault === 'receiver_silent' ? null : fault === 'receiver_failing' ? 503 : 200;
    world.tell('receiver', `${subscriber.name} ${readType(message.body)} → ${String(statusCode ?? 'silence')}`);
    return { at, statusCode, answer: '', durationMs: world.gatewayNow() - at, retryAfter: undefined };
  }

  private check({ headers, body }: OutgoingMessage, { secret, merchantId, name }: Subscriber): void {
    const id = headers['webhook-id'] ?? '';
    const signed = `${id}.${headers['webhook-timestamp'] ?? ''}.${body}`;
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    if (headers['webhook-signature'] !== expected)
      this.world.fail(new Violation('10 every event reaches its subscribers', `${id} is signed wrongly for ${name}`));
    if (this.ownerOf(id) !== merchantId)
      this.world.fail(new Violation('9 tenants never meet', `${name} receives ${id}, which is another merchant's`));
  }
}

function readType(body: string): string {
  return /"type":"([^"]+)"/.exec(body)?.[1] ?? 'something';
}
