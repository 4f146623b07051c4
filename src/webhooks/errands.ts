import { Injectable } from '@nestjs/common';
import type { EntityTarget } from 'typeorm';
import { Database } from '../database/database.js';
import { GatheredReads } from '../database/gathered-reads.js';
import { rowsById } from '../database/statements.js';
import { EventRecord } from '../events/event.entity.js';
import { WebhookDelivery, type DeliveryFailure } from './webhook-delivery.entity.js';
import { WebhookTargets, type WebhookTarget } from './webhook-targets.js';

/** A delivery with what it takes to the endpoint. */
export interface Errand {
  readonly delivery: WebhookDelivery;
  readonly endpoint: WebhookTarget;
  readonly event: EventRecord;
}

/** Finds what deliveries are about. Workers that look at the same moment share their queries. */
@Injectable()
export class Errands {
  private readonly deliveries: GatheredReads<string, WebhookDelivery>;
  private readonly events: GatheredReads<string, EventRecord>;

  constructor(
    database: Database,
    private readonly targets: WebhookTargets,
  ) {
    this.deliveries = byId(database, WebhookDelivery);
    this.events = byId(database, EventRecord);
  }

  findDelivery(id: string): Promise<WebhookDelivery | undefined> {
    return this.deliveries.find(id);
  }

  /** What to send and where to, or why that is impossible. */
  async find(delivery: WebhookDelivery): Promise<Errand | DeliveryFailure> {
    const [endpoint, event] = await Promise.all([
      this.targets.find(delivery.endpointId),
      this.events.find(delivery.eventId),
    ]);
    if (!endpoint) return 'endpoint_deleted';
    if (!endpoint.enabled) return 'endpoint_disabled';
    // Without its data it is past the time that events are kept.
    return event?.data ? { delivery, endpoint, event } : 'event_deleted';
  }
}

function byId<E extends { id: string }>(database: Database, entity: EntityTarget<E>): GatheredReads<string, E> {
  return new GatheredReads(
    (id) => id,
    async (ids) => new Map((await database.find(rowsById(entity, ids))).map((row) => [row.id, row])),
  );
}
