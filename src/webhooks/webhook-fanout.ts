import { Inject, Injectable } from '@nestjs/common';
import { In, Not } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { rowsWith, type LookUp } from '../database/statements.js';
import type { Inserts, Tx } from '../database/tx.js';
import { EmailFanout } from '../emails/email-fanout.js';
import { EventRecord, toNoticeRow, type Notice } from '../events/event.entity.js';
import { EventSequencer } from '../events/event-sequencer.js';
import { Jobs } from '../jobs/jobs.js';
import { matchesType } from './event-types.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';

// One statement has room for 32,766 values on SQLite; a delivery has 15.
const ROWS_AT_ONCE = 1_000;

/** What must be known of an endpoint to announce to it. */
export type Listener = Pick<WebhookEndpoint, 'id' | 'merchantId' | 'mode' | 'events' | 'enabled'>;

/**
 * Hands events to the endpoints that listen: one delivery and one job each, in the transaction that made the events. What people
 * are told by e-mail is written in the same one (EmailFanout).
 */
@Injectable()
export class WebhookFanout {
  constructor(
    private readonly jobs: Jobs,
    private readonly sequencer: EventSequencer,
    private readonly emails: EmailFanout,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Stores a notice and announces it. `except`: an endpoint that need not hear of it. Answers its row. */
  async tell(tx: Tx, notice: Notice, to: { except?: string } = {}): Promise<EventRecord & { type: string }> {
    const event = toNoticeRow(notice, { id: this.ids.next('evt'), createdAt: this.clock.now() });
    await tx.insert(EventRecord, [event]);
    await this.announce(tx, [event], to);
    return event;
  }

  /** Lines without a `type` are for the timeline alone and go nowhere. `except`: an endpoint that need not hear of it. */
  async announce(tx: Tx, events: readonly EventRecord[], { except }: { except?: string } = {}): Promise<void> {
    const merchantIds = new Set(events.flatMap((event) => (event.type === null ? [] : [event.merchantId])));
    if (merchantIds.size === 0) return;
    const endpoints = await tx.manager.find(WebhookEndpoint, {
      where: { merchantId: In([...merchantIds]), enabled: true, ...(except !== undefined && { id: Not(except) }) },
      select: { id: true, merchantId: true, mode: true, events: true, enabled: true },
    });
    await this.deliver(tx, events, endpoints);
    await this.emails.announce(tx, events);
  }

  /** What a batch looks up before it can announce to the endpoints of these merchants. */
  toListeners(merchantIds: Iterable<string>): LookUp<Listener> {
    const properties = ['id', 'merchantId', 'mode', 'events', 'enabled'] as const;
    return rowsWith(WebhookEndpoint, 'merchantId', [...new Set(merchantIds)], properties);
  }

  /** Announces events to those endpoints, looked up before, that listen to them. */
  async announceTo(tx: Inserts, events: readonly EventRecord[], listeners: readonly Listener[]): Promise<void> {
    await this.deliver(tx, events, listeners);
    await this.emails.announceLater(tx, events);
  }

  private async deliver(tx: Inserts, events: readonly EventRecord[], listeners: readonly Listener[]): Promise<void> {
    this.sequencer.follow(tx, events);
    const endpoints = listeners.filter(({ enabled }) => enabled);
    const deliveries = events.flatMap((event) => this.toDeliveries(event, endpoints));
    for (let start = 0; start < deliveries.length; start += ROWS_AT_ONCE) {
      const rows = deliveries.slice(start, start + ROWS_AT_ONCE);
      await tx.insert(WebhookDelivery, rows);
      await this.jobs.add(
        tx,
        rows.map(({ id, createdAt }) => ({ kind: 'deliver_webhook', subjectId: id, runAt: createdAt })),
      );
    }
  }

  /** One delivery beside those to endpoints, to a target that `WebhookTargets` knows by its id. */
  async sendTo(
    tx: Inserts,
    event: Pick<EventRecord, 'id' | 'merchantId' | 'mode'> & { readonly type: string },
    targetId: string,
  ): Promise<void> {
    const now = this.clock.now();
    const delivery = toDelivery(event, targetId, { id: this.ids.next('dlv'), now, firstAt: now });
    await tx.insert(WebhookDelivery, [delivery]);
    await this.jobs.add(tx, [{ kind: 'deliver_webhook', subjectId: delivery.id, runAt: now }]);
  }

  private toDeliveries(event: EventRecord, endpoints: readonly Listener[]): WebhookDelivery[] {
    const { type, merchantId, mode } = event;
    if (type === null) return [];
    const now = this.clock.now();
    return endpoints
      .filter(
        (endpoint) =>
          endpoint.merchantId === merchantId && endpoint.mode === mode && matchesType(endpoint.events, type),
      )
      .map((endpoint) => toDelivery({ ...event, type }, endpoint.id, { id: this.ids.next('dlv'), now, firstAt: now }));
  }
}

/** A delivery that nobody has tried yet. */
export function toDelivery(
  event: Pick<EventRecord, 'id' | 'merchantId' | 'mode'> & { readonly type: string },
  endpointId: string,
  { id, now, firstAt }: { readonly id: string; readonly now: number; readonly firstAt: number },
): WebhookDelivery {
  return {
    id,
    merchantId: event.merchantId,
    mode: event.mode,
    endpointId,
    eventId: event.id,
    eventType: event.type,
    status: 'pending',
    attempts: [],
    attemptCount: 0,
    roundAttempts: 0,
    failureReason: null,
    nextAttemptAt: firstAt,
    createdAt: now,
    deliveredAt: null,
  };
}
